import type { ClientBase, Pool } from 'pg';

/** Which view: a projection, by what names it. */
export interface ViewId {
  readonly name: string;
  readonly version: number;
}

export interface Checkpoint extends ViewId {
  /** The log that was read; null before the first entry. */
  readonly incarnation: string | null;
  /** The last entry that is in the view; 0 before the first. */
  readonly position: number;
  readonly epoch: number;
}

export function viewText({ name, version }: ViewId): string {
  return `${name}_${version}`;
}

/**
 * Hands the checkpoints to the holder of a lease: from here on only commits under `epoch` move them. To be run in the transaction that
 * takes the lease, where it waits for a commit of the former holder that is under way.
 */
export async function fenceCheckpoints(db: ClientBase, views: readonly ViewId[], epoch: number): Promise<void> {
  await db.query(
    `insert into clientele.projection_checkpoints (name, version, epoch)
     select name, version, $3 from unnest($1::text[], $2::int[]) v (name, version)
     on conflict (name, version) do update set epoch = excluded.epoch`,
    [views.map(({ name }) => name), views.map(({ version }) => version), epoch],
  );
}

/** The checkpoints as they stand; a view that has none is absent. */
export async function loadCheckpoints(db: Pool | ClientBase, views: readonly ViewId[]): Promise<Checkpoint[]> {
  const { rows } = await db.query<{ name: string; version: number; incarnation: string | null; position: string; epoch: string }>(
    `select c.name, c.version, c.incarnation, c.position, c.epoch
     from clientele.projection_checkpoints c join unnest($1::text[], $2::int[]) v (name, version) using (name, version)`,
    [views.map(({ name }) => name), views.map(({ version }) => version)],
  );
  return rows.map((row) => ({ ...row, position: Number(row.position), epoch: Number(row.epoch) }));
}

export interface Advance {
  readonly from: readonly Checkpoint[];
  readonly incarnation: string;
  readonly position: number;
  /** When the entry at `position` was recorded. */
  readonly recordedAt: string;
  /** Where who listens learns of the commit. */
  readonly channel: string;
}

/**
 * Moves the checkpoints, and tells on the channel how far the views of them have come that are served: `{"<name>":"<position>",…}`; nothing
 * of a version that is only being built. False: at least one of them was not where, or not whose, it should be; the transaction must be rolled back. */
export async function advanceCheckpoints(db: ClientBase, advance: Advance): Promise<boolean> {
  const { from } = advance;
  const { rows } = await db.query<{ moved: number }>({
    name: 'advance_checkpoints',
    text: `with moved as (
       update clientele.projection_checkpoints c set incarnation = $5, position = $6, recorded_at = $7, updated_at = now()
       from unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) v (name, version, position, epoch)
       where c.name = v.name and c.version = v.version and c.position = v.position and c.epoch = v.epoch
         and (c.incarnation is null or c.incarnation = $5)
       returning c.name, c.version)
     select count(*)::int as moved, pg_notify($8, json_object_agg(name, $6::text) filter (where s.active_version = version)::text)
     from moved left join clientele.projections s using (name)`,
    values: [
      from.map(({ name }) => name), from.map(({ version }) => version), from.map(({ position }) => position), from.map(({ epoch }) => epoch),
      advance.incarnation, advance.position, advance.recordedAt, advance.channel,
    ],
  });
  return rows[0]?.moved === from.length;
}

/** Sets a view's checkpoint before the first entry, of whatever log. False: it was not where, or not whose, it should be. */
export async function resetCheckpoint(db: ClientBase, from: Checkpoint): Promise<boolean> {
  const { rowCount } = await db.query(
    `update clientele.projection_checkpoints set incarnation = null, position = 0, recorded_at = null, updated_at = now()
     where name = $1 and version = $2 and position = $3 and epoch = $4`,
    [from.name, from.version, from.position, from.epoch],
  );
  return rowCount === 1;
}
