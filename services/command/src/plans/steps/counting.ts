import { numberOf, textOf, type Step } from './step.ts';

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

const HELD_PAGE = 500;
const TRIES = 5;
/** Doubled each time. */
const BETWEEN_TRIES_MS = 2_000;

/**
 * Whether we hold as many records as the provider has, whole and alive. The two are counted at different moments, beside a feed that goes
 * on: where they differ both are counted again.
 */
export const held: Step = async ({ held: records, source, entity, ask }, place) => {
  const after = textOf(place, 'after');
  const page = await records.list(source.id, entity, after, HELD_PAGE);
  const count = numberOf(place, 'held') + page.filter(({ state }) => state.version > 0 && state.lifecycle === 'active' && state.complete).length;
  const tries = numberOf(place, 'tries');
  if (page.length === HELD_PAGE) return { place: { after: page.at(-1)?.externalId ?? null, held: count, tries } };
  const { count: provided } = await ask(1, async () => await source.records.count(entity));
  const isOver = count === provided || tries + 1 >= TRIES;
  const set = { held: count, provided };
  return isOver ? { place: null, set } : { place: { after: null, held: 0, tries: tries + 1 }, set, pauseMs: BETWEEN_TRIES_MS * 2 ** tries };
};
