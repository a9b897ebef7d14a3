import type { Random } from '../random.ts';
import type { CallKind } from './call.ts';

/** What goes wrong with one call. */
export type Mishap =
  | 'unauthorized' | 'limit_exceeded' | 'rate_limited' | 'server_error' | 'unavailable'
  /** No answer, for as long as the client waits. */
  | 'hang'
  /** The connection ends without an answer. */
  | 'cut'
  /** The answer ends in the middle, though its headers promise all of it. */
  | 'truncated'
  /** As truncated, but the headers promise no more than comes. */
  | 'torn';

/** How the org's API behaves; every member may be changed while it runs. Shares are of calls, 0 to 1. */
export interface Habits {
  /** How long a call takes, milliseconds: always, or from one to another. The records are looked at somewhere in between. */
  latencyMs: number | readonly [from: number, to: number];
  /** Each mishap with the share of calls that it befalls. */
  mishaps: Partial<Record<Mishap, number>>;
  /** Which calls mishaps and latency befall; by default all but those for tokens. */
  befalls: (kind: CallKind) => boolean;
  /** Arrays of errors begin with a null. */
  nullsInErrors: boolean;
  /** Share of records that a collection answers as null though they are there. */
  nullsInCollections: number;
  /** So many times each record is not found when it is first asked for by its id. */
  unseenAtFirst: number;
  /** Nobody answers: connections end as soon as they are made. */
  down: boolean;
  /** What 429 and 503 ask to wait, seconds; null: they do not say. */
  retryAfterSeconds: number | null;
  /** The log of deletions still has what the recycle bin no longer has. */
  deletedLogKeepsPurged: boolean;
}

export function goodHabits(): Habits {
  return {
    latencyMs: 0, mishaps: {}, befalls: (kind) => kind !== 'token', nullsInErrors: false, nullsInCollections: 0, unseenAtFirst: 0, down: false, retryAfterSeconds: 1,
    deletedLogKeepsPurged: true,
  };
}

/** What befalls a call of this kind, or null. */
export function drawMishap({ mishaps, befalls }: Habits, kind: CallKind, random: Random): Mishap | null {
  if (!befalls(kind)) return null;
  let left = random.next();
  for (const mishap of MISHAPS) {
    left -= mishaps[mishap] ?? 0;
    if (left < 0) return mishap;
  }
  return null;
}

/** Milliseconds before the records are looked at, and after. */
export function drawLatency({ latencyMs, befalls }: Habits, kind: CallKind, random: Random): { before: number; after: number } {
  if (!befalls(kind)) return { before: 0, after: 0 };
  const [from, to] = typeof latencyMs === 'number' ? [latencyMs, latencyMs] : latencyMs;
  const whole = random.integer(from, to);
  const before = random.integer(0, whole);
  return { before, after: whole - before };
}

const MISHAPS: readonly Mishap[] = ['unauthorized', 'limit_exceeded', 'rate_limited', 'server_error', 'unavailable', 'hang', 'cut', 'truncated', 'torn'];
