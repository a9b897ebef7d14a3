import { PostgresEventStore } from '@clientele/event-store';
import type pg from 'pg';
import { appendRate, newStreams } from './append-load.ts';
import { figure, median, type Figure } from './figure.ts';
import { withScratchDatabase } from './scratch-database.ts';

const SMALL = 10_000;
const LARGE = 10_000_000;
const EVENTS_A_STREAM = 10;
const CHUNK = 1_000_000;
const ROUNDS = 5;
const READS = 2_000;
const READERS = 16;

/** Appends and reads by id with ten million events in the log, beside the same with ten thousand. `progress` hears how far the load is. */
export async function benchAppendGrowth(writeDbUrl: string, progress: (line: string) => void = () => {}): Promise<Figure[]> {
  return await withScratchDatabase(writeDbUrl, async (pool) => {
    const store = new PostgresEventStore({ pool });
    await load(pool, 0, SMALL);
    const small = await rates(store, SMALL);
    for (let from = SMALL; from < LARGE; from += CHUNK) {
      await load(pool, from, Math.min(from + CHUNK, LARGE));
      progress(`${Math.min(from + CHUNK, LARGE)} of ${LARGE} events loaded`);
    }
    await pool.query('analyze');
    const large = await rates(store, LARGE);
    const beside = `the same at ${SMALL} events`;
    return [
      figure({ name: `append at ${LARGE} events, 16 in flight`, figure: large.append, unit: 'events/s', floor: small.append, floorName: beside }),
      figure({ name: `read of a stream by id at ${LARGE} events`, figure: large.read, unit: 'reads/s', floor: small.read, floorName: beside }),
    ];
  });
}

const streamOf = (n: string): string => `('00000000-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`;

/** Events of positions from + 1 to `to`, ten in a row of each stream, set-based, as an append would leave them. */
async function load(pool: pg.Pool, from: number, to: number): Promise<void> {
  const position = `(select coalesce(max(position), 0) from clientele.events)`;
  await pool.query('select clientele.ensure_event_partitions($1)', [LARGE * 2]);
  await pool.query(
    `with base as (select ${position} as head)
     insert into clientele.events
     select head + n, ${streamOf('$1::bigint + n')}, 'event', ${streamOf(`($1::bigint + n - 1) / ${EVENTS_A_STREAM}`)}, 'client',
            ($1::bigint + n - 1) % ${EVENTS_A_STREAM} + 1, 'Updated', 1, $3::json, null, $4::json, now(), now()
       from base, generate_series(1, $2::bigint) n`,
    [from, to - from, '{"fields":{"Name":"Acme GmbH"},"lost":{},"floor":false,"lifecycle":null,"changed":[],"state":null}',
      '{"correlationId":"c","commandId":"k","clock":{},"change":{},"broadcast":false}'],
  );
  await pool.query(
    `insert into clientele.heads
     select ${streamOf('s')}, 'client', ${EVENTS_A_STREAM}, head - $2::bigint + 1 + (s - $1::bigint) * ${EVENTS_A_STREAM}, head - $2::bigint + (s - $1::bigint + 1) * ${EVENTS_A_STREAM}
       from (select ${position} as head) base, generate_series($1::bigint, $1::bigint + $2::bigint / ${EVENTS_A_STREAM} - 1) s`,
    [from / EVENTS_A_STREAM, to - from],
  );
  await pool.query(`update clientele.log_head set position = ${position}`);
}

async function rates(store: PostgresEventStore, events: number): Promise<{ append: number; read: number }> {
  const streams = newStreams(READERS);
  const append: number[] = [];
  const read: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const [appended, reads] = [await appendRate(store, streams, 1, 4_000), await readRate(store, events / EVENTS_A_STREAM)];
    if (round === 0) continue;
    append.push(appended);
    read.push(reads);
  }
  return { append: median(append), read: median(read) };
}

async function readRate(store: PostgresEventStore, streams: number): Promise<number> {
  let left = READS;
  const started = performance.now();
  await Promise.all(Array.from({ length: READERS }, async () => {
    while (left > 0) {
      left -= 1;
      const id = `00000000-0000-7000-8000-${Math.floor(Math.random() * streams).toString(16).padStart(12, '0')}`;
      const found = await store.readStream(id);
      if (found.length !== EVENTS_A_STREAM) throw new Error(`stream ${id} has ${found.length} events`);
    }
  }));
  return READS / (performance.now() - started) * 1000;
}
