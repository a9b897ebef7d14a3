import { LISTED, numberOf, textOf, type Step, type StepContext, type StepResult } from './step.ts';
import type { Place } from '../plan-cursor.ts';

/** Of a page, so many are waited for: where more are not there, it is not that they are just on their way. */
const MOST_AWAITED = 500;
const LOOKS = 6;
/** Doubled each time: half a minute in all. */
const FIRST_PAUSE_MS = 500;

/**
 * Whether we hold, whole and alive, every record that the provider lists. Two counts of their own would never agree beside a feed that goes
 * on: here the same records stand on both sides. One that is not there yet is given time, since a change or a look may be on its way; what
 * was deleted meanwhile counts on neither side; what is missing in the end is asked for by itself.
 */
export const held: Step = async (context, place) => {
  const open = textOf(place, 'open');
  return open === null ? await listed(context, place) : await awaited(context, place, open.split(' '));
};

async function listed(context: StepContext, place: Place | null): Promise<StepResult> {
  const { source, entity, ask } = context;
  const page = textOf(place, 'page');
  const { ids, next } = await ask(1, async () => await source.records.list(entity, { after: page, limit: LISTED }));
  const open = await notHeld(context, ids);
  const awaited = open.slice(0, MOST_AWAITED);
  const counts = { provided: ids.length, held: ids.length - open.length, missing: open.length - awaited.length };
  return {
    ...(page === null ? { set: counts } : { add: counts }),
    ...(awaited.length === 0 ? { place: behind(next) } : { place: { open: awaited.join(' '), looks: 1, next }, pauseMs: FIRST_PAUSE_MS }),
  };
}

async function awaited(context: StepContext, place: Place | null, open: readonly string[]): Promise<StepResult> {
  const { source, entity, ask } = context;
  const [looks, next] = [numberOf(place, 'looks'), textOf(place, 'next')];
  const still = await notHeld(context, open);
  const came = open.length - still.length;
  if (still.length === 0) return { place: behind(next), add: { held: came } };
  if (looks < LOOKS) return { place: { open: still.join(' '), looks: looks + 1, next }, add: { held: came }, pauseMs: FIRST_PAUSE_MS * 2 ** looks };
  const { readings } = await ask(1, async () => await source.records.survivors(entity, still));
  const missing = readings.filter(({ kind }) => kind === 'not_yet_visible');
  return { place: behind(next), add: { held: came, provided: missing.length - still.length, missing: missing.length }, later: missing };
}

function behind(page: string | null): Place | null {
  return page === null ? null : { page };
}

async function notHeld({ source, entity, held }: StepContext, ids: readonly string[]): Promise<string[]> {
  return await held.without(source.id, entity, ids, ({ version, lifecycle, complete }) => version > 0 && lifecycle === 'active' && complete);
}
