import type { Reading } from '@clientele/providers';
import type { StepContext } from '../steps/step.ts';
import type { Answer } from '../../reading/record-read-command.ts';

export interface Absent {
  /** Deleted by all that can be asked. */
  readonly deleted: readonly Answer[];
  /** Not shown, and nothing follows from it: as likely we may not see them any more. */
  readonly hidden: number;
}

/** More than that of what was asked for at once, and it is our permissions that have changed. */
const MOST_SHARE = 0.2;
const ALWAYS_BELIEVED = 20;
const CANARIES = 3;

/**
 * Records that we hold and the provider no longer shows, in its bin neither. That alone proves nothing. They count as deleted when one and
 * the same id query shows other records of the entity and not these, and they are few among those that were asked for.
 * @param asked how many were asked for, these among them.
 * @param alive ids of records of the entity that the provider showed a moment ago.
 */
export async function hardDeletions(context: StepContext, absent: readonly string[], asked: number, alive: readonly string[]): Promise<Absent> {
  if (absent.length === 0) return { deleted: [], hidden: 0 };
  const none = { deleted: [], hidden: absent.length };
  if (absent.length > Math.max(ALWAYS_BELIEVED, asked * MOST_SHARE)) return none;
  const canaries = alive.length > 0 ? alive.slice(0, CANARIES) : await someAlive(context);
  const { source, entity, ask } = context;
  const { readings } = await ask(1, async () => await source.records.survivors(entity, [...canaries, ...absent]));
  const isCanary = new Set(canaries);
  if (!readings.some(({ id, kind }) => isCanary.has(id) && kind === 'not_yet_visible')) return none;
  const deleted = readings.filter(({ id }) => !isCanary.has(id)).flatMap((reading): Answer[] => gone(reading));
  return { deleted, hidden: 0 };
}

async function someAlive({ source, entity, ask }: StepContext): Promise<string[]> {
  const { readings } = await ask(2, async () => await source.records.changedSince(entity, { after: null, since: null, limit: CANARIES }));
  return readings.filter(({ kind }) => kind === 'found').map(({ id }) => id);
}

function gone(reading: Reading): Answer[] {
  if (reading.kind === 'deleted') return [reading];
  const { entity, id, window } = reading;
  return reading.kind === 'not_found' ? [{ kind: 'deleted', entity, id, window, survivorId: null }] : [];
}
