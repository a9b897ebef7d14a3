import { lte, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { relayState } from '../schema/index.ts';

/** What the relay keeps for its successor. */
export interface RelayState {
  /** Part of message ids: one more each time that the stream is filled again, since the broker remembers the ids of what it lost. */
  readonly rebuildEpoch: number;
  /** The newest position known to be published. The stream's own last message is the truth; this is for those who watch. */
  readonly lastPublished: number;
}

const shown = { rebuildEpoch: relayState.rebuildEpoch, lastPublished: relayState.lastPublished };

export async function readRelayState(pool: pg.Pool): Promise<RelayState> {
  const [state] = await drizzle(pool).select(shown).from(relayState);
  if (state === undefined) throw new Error('no relay state: the write database was not migrated');
  return state;
}

/** Null where a later leader has written: this one is fenced off and must stop. */
export async function recordPublished(pool: pg.Pool, leaseEpoch: number, lastPublished: number): Promise<RelayState | null> {
  return await update(pool, leaseEpoch, { lastPublished });
}

/** Begins to fill the stream again: message ids of another epoch. Null where a later leader has written. */
export async function beginRebuild(pool: pg.Pool, leaseEpoch: number): Promise<RelayState | null> {
  return await update(pool, leaseEpoch, { rebuildEpoch: sql`${relayState.rebuildEpoch} + 1`, lastPublished: 0 });
}

async function update(pool: pg.Pool, leaseEpoch: number, values: Parameters<ReturnType<typeof updates>['set']>[0]): Promise<RelayState | null> {
  const [state] = await updates(pool)
    .set({ ...values, leaseEpoch, updatedAt: sql`clock_timestamp()` })
    .where(lte(relayState.leaseEpoch, leaseEpoch))
    .returning(shown);
  return state ?? null;
}

function updates(pool: pg.Pool) {
  return drizzle(pool).update(relayState);
}
