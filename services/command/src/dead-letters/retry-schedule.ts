import type { Command } from '@clientele/contracts';
import { MOST_AHEAD_MS } from '../handlers/intake-rules.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** The longest wait before each attempt; after them once an hour, for 24 hours. */
const FIRST_WAITS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE];
const HOURLY = 24;

export interface Parked {
  readonly reason: string | null;
  /** How often it was taken up again. */
  readonly attempts: number;
  /** What is parked; null where it cannot be read. */
  readonly command: Command | null;
}

/** When parked work is taken up again by itself. */
export class RetrySchedule {
  readonly #now: () => Date;
  readonly #random: () => number;

  /** `random`: between 0 and 1 (default Math.random). */
  constructor(now: () => Date, random: () => number = Math.random) {
    this.#now = now;
    this.#random = random;
  }

  /** RFC 3339; null: no more by itself. A time that is too far ahead is waited for, anything else by the waits, each drawn from nothing to the whole. */
  next({ reason, attempts, command }: Parked): string | null {
    const ahead = reason === 'clock_ahead' ? timeOf(command) : null;
    if (ahead !== null) return new Date(Date.parse(ahead) - MOST_AHEAD_MS).toISOString();
    if (attempts >= FIRST_WAITS.length + HOURLY) return null;
    return new Date(this.#now().getTime() + (FIRST_WAITS[attempts] ?? HOUR) * this.#random()).toISOString();
  }
}

/** The time that a command says it is of. */
function timeOf(command: Command | null): string | null {
  if (command?.type === 'ProcessCrmEvent') return command.event.metadata.clock.commit_time;
  return command?.type === 'RecordRead' ? command.read.until : null;
}
