import { eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import type { LaneCheckpoint } from '../event-store.ts';
import { laneCheckpoints, lanePublishers } from '../schema/index.ts';
import { storeError } from './errors.ts';

export async function readLaneCheckpoint(pool: pg.Pool, lane: string): Promise<LaneCheckpoint | null> {
  const { epoch, incarnation, sequence } = laneCheckpoints;
  const rows = await drizzle(pool)
    .select({ epoch, incarnation, sequence, publisher: lanePublishers.publisher, nextNumber: lanePublishers.nextNumber })
    .from(laneCheckpoints)
    .leftJoin(lanePublishers, eq(lanePublishers.lane, laneCheckpoints.lane))
    .where(eq(laneCheckpoints.lane, lane));
  const [row] = rows;
  if (row === undefined) return null;
  const publishers = rows.flatMap(({ publisher, nextNumber }): [string, number][] =>
    publisher === null || nextNumber === null ? [] : [[publisher, nextNumber]]);
  return {
    epoch: row.epoch, publishers: new Map(publishers),
    position: row.incarnation === null || row.sequence === null ? null : { incarnation: row.incarnation, sequence: row.sequence },
  };
}

/**
 * Makes this epoch the one that may move the lane, in the transaction that takes the lane's lease: a commit under an older epoch is
 * refused as `stale_lane` from then on.
 * @throws Error where a newer epoch was told before: the lease is not ours.
 */
export async function fenceLane(client: Pick<pg.ClientBase, 'query'>, lane: string, epoch: number): Promise<void> {
  const { rows: [row] } = await client.query<{ told: boolean }>('select clientele.fence_lane($1, $2) as told', [lane, epoch]);
  if (row?.told !== true) throw new Error(`lane ${lane} has a newer owner than epoch ${epoch}`);
}

/**
 * Tells how many messages lie behind each lane's checkpoint, for the accounting. Commits tell it themselves: what is told here counts for
 * lanes that did not move for 5 seconds.
 * @throws UnavailableError
 */
export async function notePending(pool: pg.Pool, pending: ReadonlyMap<string, number>): Promise<void> {
  try {
    await pool.query('select clientele.note_pending($1, $2)', [[...pending.keys()], [...pending.values()]]);
  } catch (error) {
    throw storeError(error, 'telling what is pending');
  }
}
