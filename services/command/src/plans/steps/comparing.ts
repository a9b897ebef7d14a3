import type { RecordState } from '@clientele/domain';
import { DRIFT_CAUSES } from '../comparison/compare-record.ts';
import { findDrift, type Drift } from '../comparison/find-drift.ts';
import { hardDeletions } from '../comparison/hard-deletions.ts';
import type { Reading } from '@clientele/providers';
import { isAnswer } from '../../reading/record-read-command.ts';
import type { HeldRecord } from '../held-records.ts';
import type { Tally } from '../plan-tally.ts';
import { after as placeAfter, shown } from './reading-pages.ts';
import { LISTED, numberOf, textOf, type Sendable, type Step, type StepContext, type StepResult } from './step.ts';

const DAY_MS = 86_400_000;
/** As far back as providers keep a log of deletions. */
const DELETIONS_FOR_MS = 29 * DAY_MS;
/** What is compared at once: two states of each record are in memory. */
const MOST_COMPARED = 500;

/** A page of the deletions that the provider tells of: those that we do not know. The others, which it tells of again and again, do not count. */
export const gone: Step = async (context, place) => {
  const { source, entity, pageRecords: limit, ask } = context;
  // By the provider's own clock.
  const since = textOf(place, 'since') ?? new Date(Date.parse((await ask(1, async () => await source.records.count(entity))).window.until) - DELETIONS_FOR_MS).toISOString();
  const page = await ask(1, async () => await source.records.deletedSince(entity, { after: textOf(place, 'after'), since: new Date(since), limit }));
  const held = await context.held.find(source.id, entity, page.readings.map(({ id }) => id));
  const drift = await findDrift(page.readings, held, comparison(context));
  return { place: page.next === null ? null : { since, after: page.next }, send: repairs(drift), add: { compared: drift.length, ...causes(drift) } };
};

/** A page of the records that we hold as alive, against the provider. */
export const ours: Step = async (context, place) => {
  const { source, entity, held } = context;
  const limit = Math.min(context.pageRecords, MOST_COMPARED);
  const page = await held.list(source.id, entity, textOf(place, 'after'), limit);
  const alive = page.filter(({ state }) => state.version > 0 && state.lifecycle === 'active');
  const result = await compared(context, alive);
  return { ...result, place: page.length < limit ? null : { after: page.at(-1)?.externalId ?? null } };
};

/** A page of what the provider lists: what of it we hold as deleted, or not at all, is asked for. */
export const theirs: Step = async (context, place) => {
  const { source, entity, held, ask } = context;
  const page = await ask(1, async () => await source.records.list(entity, { after: textOf(place, 'after'), limit: LISTED }));
  const others = await held.without(source.id, entity, page.ids, ({ version, lifecycle }) => version > 0 && lifecycle === 'active');
  const drift: Drift[] = [];
  const later: Reading[] = [];
  for (let at = 0; at < others.length; at += MOST_COMPARED) {
    const ids = others.slice(at, at + MOST_COMPARED);
    const answer = await ask(1, async () => await source.records.fetchMany(entity, ids));
    const { readings, unseen } = await shown(context, answer.readings);
    const found = readings.filter(({ kind }) => kind === 'found');
    drift.push(...await findDrift(found, await held.find(source.id, entity, ids), comparison(context)));
    later.push(...unseen);
  }
  return { place: placeAfter(page.next), send: repairs(drift), later, add: { compared: drift.length, listed: page.ids.length, ...causes(drift) } };
};

/** Some of what we know, drawn at random. */
export const sample: Step = async (context, place) => {
  const { source, entity, held, params, planId } = context;
  const drawn = await held.sample(source.id, entity, planId, params.records ?? MOST_COMPARED);
  const from = numberOf(place, 'from');
  const result = await compared(context, drawn.slice(from, from + MOST_COMPARED));
  return { ...result, place: from + MOST_COMPARED < drawn.length ? { from: from + MOST_COMPARED } : null, set: { total: drawn.length } };
};

/** These records, as the provider shows them now. */
async function compared(context: StepContext, records: readonly HeldRecord[]): Promise<Omit<StepResult, 'place'>> {
  if (records.length === 0) return {};
  const { source, entity, ask } = context;
  const held = new Map<string, RecordState>(records.map(({ externalId, state }) => [externalId, state]));
  const answer = await ask(1, async () => await source.records.fetchMany(entity, [...held.keys()]));
  const { readings, unseen } = await shown(context, answer.readings);
  const found = readings.filter(({ kind }) => kind === 'found').map(({ id }) => id);
  const absent = readings.filter(({ kind, id }) => kind === 'not_found' && held.get(id)?.lifecycle === 'active').map(({ id }) => id);
  const { deleted, hidden } = await hardDeletions(context, absent, records.length, found);
  const drift = await findDrift([...readings.filter(isAnswer), ...deleted], held, comparison(context));
  return {
    send: repairs(drift), later: unseen,
    add: {
      read: records.length, compared: records.length - unseen.length - hidden, alive: found.length + unseen.length, hidden, hard_deleted: deleted.length,
      ...causes(drift),
    },
  };
}

function comparison({ held, source, entity, signal }: StepContext): Parameters<typeof findDrift>[2] {
  return { signal, again: async (ids) => await held.find(source.id, entity, ids) };
}

function repairs(drift: readonly Drift[]): Sendable[] {
  return drift.map(({ reading, cause }) => ({ reading, cause: `reconciliation.${cause}` }));
}

function causes(drift: readonly Drift[]): Tally {
  const counts = DRIFT_CAUSES.map((cause): [string, number] => [cause, drift.filter((one) => one.cause === cause).length]);
  return { drifted: drift.length, ...Object.fromEntries(counts) };
}
