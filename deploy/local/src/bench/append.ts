import { PostgresEventStore } from '@clientele/event-store';
import type pg from 'pg';
import { appendRate, newStreams, RawInserts } from './append-load.ts';
import { figure, median, type Figure } from './figure.ts';
import { withScratchDatabase } from './scratch-database.ts';

const ROUNDS = 5;
const UNIT = 'events/s';

interface Case {
  readonly name: string;
  /** Streams, each with one append of one event under way. */
  readonly streams: number;
  /** Streams that one call writes to. */
  readonly perCall: number;
  /** Rows of each raw statement. */
  readonly raw: number;
  readonly events: number;
  readonly floorName: string;
  readonly target?: number;
}

const CASES: readonly Case[] = [
  { name: 'append, one event a call, 1 in flight', streams: 1, perCall: 1, raw: 1, events: 800, floorName: 'raw INSERT of 1 row' },
  { name: 'append, one event a call, 16 in flight', streams: 16, perCall: 1, raw: 16, events: 8_000, floorName: 'raw INSERT of 16 rows', target: 0.75 },
  { name: 'append, one event a call, 64 in flight', streams: 64, perCall: 1, raw: 256, events: 16_000, floorName: 'raw INSERT of 256 rows', target: 0.45 },
  { name: 'append, 128 events a call, 4 in flight', streams: 512, perCall: 128, raw: 512, events: 20_480, floorName: 'raw INSERT of 512 rows' },
];

/**
 * Conditional appends through the event store beside plain multi-row INSERTs of the same rows into a table with the same indexes, each on a
 * database of their own on the server of `writeDbUrl`; rounds of the two take turns, and the middle round counts.
 */
export async function benchAppend(writeDbUrl: string): Promise<Figure[]> {
  return await withScratchDatabase(writeDbUrl, async (pool) => {
    const client = await pool.connect();
    try {
      const raw = new RawInserts(client);
      await raw.prepare();
      const store = new PostgresEventStore({ pool });
      const figures: Figure[] = [];
      for (const each of CASES) figures.push(await measure(each, store, raw));
      figures.push(await oneByOne(pool, figures));
      return figures;
    } finally {
      client.release();
    }
  });
}

async function measure({ name, streams, perCall, raw: rows, events, floorName, target }: Case, store: PostgresEventStore, raw: RawInserts): Promise<Figure> {
  const written = newStreams(streams);
  const ours: number[] = [];
  const floors: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const floor = await raw.rate(rows, Math.ceil(events / rows) * rows);
    const rate = await appendRate(store, written, perCall, events);
    // The first round warms plans and pages.
    if (round > 0) floors.push(floor);
    if (round > 0) ours.push(rate);
  }
  return figure({ name, figure: median(ours), unit: UNIT, floor: median(floors), floorName, ...(target === undefined ? {} : { target }) });
}

/** What a store that commits each append by itself gets of the batched floor: the figure that group commit is for. */
async function oneByOne(pool: pg.Pool, figures: readonly Figure[]): Promise<Figure> {
  const store = new PostgresEventStore({ pool, limits: { maxUnits: 1 } });
  const rate = await appendRate(store, newStreams(64), 1, 800);
  const floor = figures[2] ?? { floor: 1, floorName: '' };
  return figure({ name: 'append, 64 in flight, without group commit', figure: rate, unit: UNIT, floor: floor.floor, floorName: floor.floorName });
}
