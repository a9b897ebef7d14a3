import type { Reading } from '@clientele/providers';
import { isAnswer } from '../../reading/record-read-command.ts';
import type { ReadingPlanKind } from '../plan-params.ts';
import { CALLS_OF_A_PAGE, textOf, type Step, type StepContext } from './step.ts';

const CAUSES: Readonly<Record<ReadingPlanKind, string>> = { load: 'load', window: 'repair.window', repair: 'repair', reconciliation: 'reconciliation' };

/** A page of the records that changed. */
export const changed: Step = async (context, place) => {
  const { source, entity, params, pageRecords: limit, kind, ask } = context;
  const since = params.since === null ? null : new Date(params.since);
  const page = await ask(CALLS_OF_A_PAGE, async () => await source.records.changedSince(entity, { after: textOf(place, 'after'), since, limit }));
  const { readings, unseen } = await shown(context, page.readings);
  const send = readings.filter(isAnswer).map((reading) => ({ reading, cause: CAUSES[kind] }));
  return { place: after(page.next), send, later: unseen, add: { read: page.readings.length, later: unseen.length } };
};

/** A page of the records that the provider says are deleted. */
export const deleted: Step = async ({ source, entity, params, pageRecords: limit, kind, ask }, place) => {
  const since = params.deletedSince === null ? null : new Date(params.deletedSince);
  const page = await ask(1, async () => await source.records.deletedSince(entity, { after: textOf(place, 'after'), since, limit }));
  const send = page.readings.filter(isAnswer).map((reading) => ({ reading, cause: CAUSES[kind] }));
  return { place: after(page.next), send, add: { deleted: send.length } };
};

export function after(next: string | null): { after: string } | null {
  return next === null ? null : { after: next };
}

/** A provider may list a record and not show it just now: it is asked for once more, and what it still does not show is left for later. */
export async function shown({ source, entity, ask }: StepContext, readings: readonly Reading[]): Promise<{ readings: Reading[]; unseen: Reading[] }> {
  const hidden = readings.filter(({ kind }) => kind === 'not_yet_visible');
  if (hidden.length === 0) return { readings: [...readings], unseen: [] };
  const again = await ask(1, async () => await source.records.fetchMany(entity, hidden.map(({ id }) => id)));
  const seen = again.readings.filter(isAnswer);
  const found = new Set(seen.map(({ id }) => id));
  return { readings: [...readings.filter(({ kind }) => kind !== 'not_yet_visible'), ...seen], unseen: hidden.filter(({ id }) => !found.has(id)) };
}
