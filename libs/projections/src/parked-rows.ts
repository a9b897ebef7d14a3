import type { ClientBase, Pool } from 'pg';
import type { ViewId } from './checkpoints.ts';

export interface ParkedRow {
  readonly key: string;
  readonly position: number;
  readonly reason: string;
}

/** Keys of a view's rows that stand still because an entry could not be applied. Bounded by what may be parked at all. */
export async function loadParkedKeys(db: Pool | ClientBase, view: ViewId): Promise<Set<string>> {
  const { rows } = await db.query<{ key: string }>('select key from clientele.parked_rows where name = $1 and version = $2', [view.name, view.version]);
  return new Set(rows.map(({ key }) => key));
}

/** A reason may quote the very character that Postgres cannot hold. */
export async function parkRows(db: ClientBase, view: ViewId, rows: readonly ParkedRow[]): Promise<void> {
  await db.query(
    `insert into clientele.parked_rows (name, version, key, position, reason, last_position)
     select $1, $2, key, position, reason, position from unnest($3::text[], $4::bigint[], $5::text[]) r (key, position, reason)
     on conflict (name, version, key) do nothing`,
    [view.name, view.version, rows.map(({ key }) => key), rows.map(({ position }) => position), rows.map(({ reason }) => reason.replaceAll('\u0000', '\uFFFD'))],
  );
}

/** Counts the entries that came for parked rows. `waiting`: one element an entry. */
export async function countWaiting(db: ClientBase, view: ViewId, waiting: readonly { key: string; position: number }[]): Promise<void> {
  await db.query(
    `update clientele.parked_rows p set waiting = p.waiting + w.entries, last_position = w.last
     from (select key, count(*) as entries, max(position) as last from unnest($3::text[], $4::bigint[]) e (key, position) group by key) w
     where p.name = $1 and p.version = $2 and p.key = w.key`,
    [view.name, view.version, waiting.map(({ key }) => key), waiting.map(({ position }) => position)],
  );
}

export async function forgetParkedRows(db: ClientBase, view: ViewId): Promise<void> {
  await db.query('delete from clientele.parked_rows where name = $1 and version = $2', [view.name, view.version]);
}
