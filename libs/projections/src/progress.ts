import { databaseFailure } from '@clientele/contracts';
import type { Pool } from 'pg';
import type { ViewId } from './checkpoints.ts';

/** Where a view stands, as anybody may know it: the process that writes it need not be this one. */
export interface ViewProgress extends ViewId {
  readonly incarnation: string | null;
  readonly position: number;
  /** When the checkpoint was last moved. */
  readonly movedAt: Date;
  /** Rows that stand still because an entry could not be applied to them, and the later entries that wait with them. */
  readonly parked: number;
  readonly waiting: number;
  /** What readers see under the view's name: this version, or another while this one is being built. Null: none. */
  readonly served: { readonly version: number; readonly position: number } | null;
}

/** In the order of `views`; a view that was never worked on is absent. @throws UnavailableError where the read database is away. */
export async function readProgress(pool: Pool, views: readonly ViewId[]): Promise<ViewProgress[]> {
  const { rows } = await pool.query<{ name: string; version: number; incarnation: string | null; position: string; moved_at: Date; parked: number; waiting: number; served_version: number | null; served_position: string | null }>(
    `select c.name, c.version, c.incarnation, c.position, c.updated_at as moved_at, p.parked, p.waiting, s.active_version as served_version, a.position as served_position
     from unnest($1::text[], $2::int[]) with ordinality v (name, version, n)
     join clientele.projection_checkpoints c using (name, version)
     cross join lateral (select count(*)::int as parked, coalesce(sum(waiting), 0)::int as waiting
       from clientele.parked_rows r where r.name = c.name and r.version = c.version) p
     left join clientele.projections s on s.name = c.name
     left join clientele.projection_checkpoints a on a.name = c.name and a.version = s.active_version
     order by v.n`,
    [views.map(({ name }) => name), views.map(({ version }) => version)],
  ).catch((error: unknown) => {
    throw databaseFailure(error, 'the read database cannot be had');
  });
  return rows.map(({ moved_at: movedAt, served_version: version, served_position: at, ...row }) => ({
    ...row, position: Number(row.position), movedAt, served: version === null ? null : { version, position: Number(at ?? 0) },
  }));
}
