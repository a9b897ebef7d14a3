import type { EventFeed, FaultPoint, LogEntry } from '@clientele/contracts';
import { InMemoryEventFeed } from '@clientele/messaging';
import { ProjectionManager, type Projection, type ProjectionObserver, type Written } from '@clientele/projections';
import { migrateReadDatabase, VIEWS_CHANNEL } from '@clientele/read-model';
import { createPool } from '@clientele/service-kit';
import type { PostgresServer } from '@clientele/testing';
import type pg from 'pg';
import { ChangesProjection } from '../../src/changes/changes-projection.ts';
import type { Definitions } from '../../src/records/compose-record.ts';
import { RecordsProjection } from '../../src/records/records-projection.ts';
import { DEFINITION } from './log-builder.ts';

/** A read database of its own, and what stands in it. */
export class ReadDatabase {
  readonly url: string;
  readonly pool: pg.Pool;

  private constructor(url: string) {
    this.url = url;
    this.pool = createPool(url, { applicationName: 'test', max: 6 });
  }

  /** A new one; or one that is there and migrated. */
  static async create(server: PostgresServer, existingUrl?: string): Promise<ReadDatabase> {
    const url = existingUrl ?? (await server.createDatabase());
    if (existingUrl === undefined) await migrateReadDatabase(url);
    return new ReadDatabase(url);
  }

  /** Everything that a reader can see, in one order; without what depends on when and by whom it was written. */
  async dump(): Promise<unknown> {
    const [records, changes, parked, checkpoints] = await Promise.all([
      this.pool.query<{ row: string }>('select r::text as row from clientele.records_2 r order by id'),
      this.pool.query<{ row: string }>('select c::text as row from clientele.changes_1 c order by id'),
      this.pool.query('select name, key, position, reason, waiting, last_position from clientele.parked_rows order by name, key'),
      this.pool.query('select name, incarnation, position from clientele.projection_checkpoints order by name'),
    ]);
    return { records: rowsOf(records), changes: rowsOf(changes), parked: parked.rows, checkpoints: checkpoints.rows };
  }

  async positions(): Promise<Record<string, number>> {
    const { rows } = await this.pool.query<{ name: string; position: string }>('select name, position from clientele.projection_checkpoints');
    return Object.fromEntries(rows.map(({ name, position }) => [name, Number(position)]));
  }
}

function rowsOf({ rows }: pg.QueryResult<{ row: string }>): string[] {
  return rows.map(({ row }) => row);
}

export function feedOf(entries: readonly LogEntry[], incarnation = 'log-1'): InMemoryEventFeed {
  const feed = new InMemoryEventFeed(incarnation);
  feed.append(entries);
  return feed;
}

export function bothViews(definitions: Definitions = (_provider, entity) => (entity === 'Account' ? DEFINITION : null)): Projection<unknown>[] {
  return [new RecordsProjection(definitions), new ChangesProjection({ keptSince: () => new Date(0) })];
}

export interface ProjectOptions {
  readonly epoch?: number;
  readonly projections?: readonly Projection<unknown>[];
  readonly maxEntries?: number;
  readonly aloneBehind?: number;
  readonly faultPoint?: FaultPoint;
  /** Told of every failure; by default the first one ends the run and is thrown. */
  readonly onFailure?: (error: unknown) => void;
  readonly onCommit?: (written: readonly Written[], batch: { entries: number; head: number }) => void;
  readonly fence?: boolean;
}

/** Projects until every view stands at `position`; gives what was committed. */
export async function project(database: Pick<ReadDatabase, 'pool'>, feed: EventFeed, position: number, options: ProjectOptions = {}): Promise<Written[]> {
  const { epoch = 1, projections = bothViews(), fence = true } = options;
  const ending = new AbortController();
  const committed: Written[] = [];
  const reached = new Map<string, number>();
  let failure: unknown;
  const observer: ProjectionObserver = {
    committed(written, batch) {
      committed.push(...written);
      for (const { member } of written) reached.set(member.projection.name, member.checkpoint.position);
      options.onCommit?.(written, batch);
      if (projections.every(({ name }) => (reached.get(name) ?? 0) >= position)) ending.abort();
    },
    rebuilding: () => {},
    failed(error) {
      if (options.onFailure !== undefined) return options.onFailure(error);
      failure ??= error;
      ending.abort();
    },
  };
  const manager = new ProjectionManager({
    pool: database.pool, feed, projections, channel: VIEWS_CHANNEL, observer,
    ...(options.maxEntries === undefined ? {} : { maxEntries: options.maxEntries }),
    ...(options.aloneBehind === undefined ? {} : { aloneBehind: options.aloneBehind }),
    ...(options.faultPoint === undefined ? {} : { faultPoint: options.faultPoint }),
  });
  if (fence) {
    const client = await database.pool.connect();
    await manager.fence(client, epoch);
    client.release();
  }
  await manager.run({ epoch, signal: ending.signal });
  if (failure !== undefined) throw failure as Error;
  return committed;
}

/** The same projection, to be spread into one of which a part is another. */
export function delegate(projection: Projection<unknown>): Projection<unknown> {
  return {
    name: projection.name,
    version: projection.version,
    keyOf: (entry) => projection.keyOf(entry),
    load: (db, keys) => projection.load(db, keys),
    apply: (view, entry) => projection.apply(view, entry),
    save: (db, views) => projection.save(db, views),
    clear: (db) => projection.clear(db),
  };
}
