import { numberOf, type Step } from './step.ts';

/** How many records the provider has. */
export const total: Step = async ({ ask, source, entity }) => {
  const { count } = await ask(1, async () => await source.records.count(entity));
  return { place: null, set: { total: count } };
};

/** How many records we have, whatever became of them. */
export const known: Step = async ({ held, source, entity }) => ({ place: null, set: { total: await held.count(source.id, entity) } });

/** A lane that does not move for so long is not waited for: nothing depends on it but what is counted next. */
const SETTLED_AT_LAST_MS = 120_000;
const LOOK_EVERY_MS = 200;

/** Waits until all that was sent is decided. */
export const settle: Step = async ({ held, sent, now }, place) => {
  const since = numberOf(place, 'since') || now();
  if (await held.areDecided(sent)) return { place: null };
  if (now() - since > SETTLED_AT_LAST_MS) return { place: null, add: { unsettled: 1 } };
  return { place: { since }, pauseMs: LOOK_EVERY_MS };
};
