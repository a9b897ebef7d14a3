import { NewerSchemaError, parseWritten } from '@clientele/contracts';
import type { EventStore } from '@clientele/event-store';
import { decodeCommand } from '../lanes/decode-command.ts';
import type { OrderTarget } from './orders.ts';

/**
 * Targets with their records. Earlier code kept rows that do not tell theirs; the payload does, and by the record the order finds its lane.
 * One whose payload tells of none either stays as it is.
 */
export async function knownTargets(targets: readonly OrderTarget[], store: Pick<EventStore, 'load'>, now: () => Date): Promise<readonly OrderTarget[]> {
  const nameless = targets.filter(({ entity }) => entity === null).map(({ id }) => id);
  if (nameless.length === 0) return targets;
  const { parked } = await store.load({ keys: [], commandIds: [], parked: nameless });
  return targets.map((target) => {
    const payload = parked.get(target.id)?.payload ?? null;
    return target.entity !== null || payload === null ? target : { ...target, ...recordOf(payload, now) };
  });
}

function recordOf(payload: string, now: () => Date): Partial<OrderTarget> {
  try {
    const received = decodeCommand(parseWritten(payload), now);
    if (!received.readable) return {};
    const { command } = received;
    if (command.type === 'RecordRead') return { source: command.source, entity: command.entity, externalId: command.external_id };
    if (command.type !== 'ProcessCrmEvent') return {};
    const { source, entity, external_id: externalId = null } = command.event;
    return { source, entity, externalId };
  } catch (error) {
    if (error instanceof NewerSchemaError) return {}; // whoever takes it up finds the same, and lets it wait
    throw error;
  }
}
