import type { Rescheduled, TakenRead } from '@clientele/event-store';

const HOUR_MS = 3_600_000;
/** A record shows somewhat after the news of it; later it is hidden from us, or gone. */
const DELAYS_MS: readonly number[] = [2_000, 10_000, 60_000, 600_000];
const HOURS = 24;
const MOST_ATTEMPTS = DELAYS_MS.length + HOURS;

/** When a record that its source does not show is asked for again; after a day it is given up, until something new asks for it. */
export function unseenAgain(read: TakenRead, error: string, now: Date): Rescheduled {
  const delay = DELAYS_MS[read.attempts - 1] ?? HOUR_MS;
  return { read, notBefore: new Date(now.getTime() + delay), error, giveUp: read.attempts > MOST_ATTEMPTS };
}

/** Whether it is time to look for the record among those that were purged: when it was not there for some minutes, and before it is given up. */
export function mayBePurged({ attempts }: TakenRead): boolean {
  return attempts === DELAYS_MS.length + 1 || attempts > MOST_ATTEMPTS;
}
