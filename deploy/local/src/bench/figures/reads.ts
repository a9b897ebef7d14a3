import { withBareServer } from '../floor/bare-server-process.ts';
import { ClosedLoop, inTurn, middle } from '../load/closed-loop.ts';
import { HttpConnection } from '../load/http-connection.ts';
import { expectStatus, getRequest } from '../load/requests.ts';
import type { Measure } from '../report/measure.ts';
import type { BenchSystem } from '../system/bench-system.ts';
import type { Run } from './run.ts';

const CALLERS = 64;
const PAGE = 200;
const MOST_PAGES = 10;

/** Records by id, drawn at random, beside a bare route that serialises one of them. */
export async function benchReads({ system }: BenchSystem, { rounds, seconds, progress }: Run): Promise<Measure[]> {
  const { query: address } = system.addresses;
  const { query: key } = system.keys;
  const { ids, record } = await someRecords(address, key);
  const ours = new ClosedLoop({ address, callers: CALLERS, status: 200, request: () => getRequest(`/clients/${ids[Math.floor(Math.random() * ids.length)] ?? ''}`, key) });
  return await withBareServer({ record }, async (bareAddress) => {
    const bare = new ClosedLoop({ address: bareAddress, callers: CALLERS, status: 200, request: () => getRequest('/clients/any', key) });
    await Promise.all([ours.open(), bare.open()]);
    const [windows = [], floors = []] = await inTurn(rounds, [ours, bare].map((loop) => async () => {
      progress(`reads: ${CALLERS} callers read records by id`);
      return await loop.window(seconds);
    }));
    ours.close();
    bare.close();
    const [{ rate, p50, p99 }, floor] = [middle(windows), middle(floors)];
    const beside = (figure: number): Measure['floor'] => ({ name: 'bare Fastify, same schema, one record in memory', figure });
    return [
      { name: `GET /clients/{id}, ${CALLERS} callers`, figure: rate, unit: 'reads/s', floor: beside(floor.rate), target: null },
      { name: 'GET /clients/{id}, p50', figure: p50, unit: 'ms', floor: beside(floor.p50), target: null },
      { name: 'GET /clients/{id}, p99', figure: p99, unit: 'ms', floor: beside(floor.p99), target: null },
    ];
  });
}

async function someRecords(address: string, key: string): Promise<{ ids: string[]; record: string }> {
  const connection = await HttpConnection.open(address);
  const get = async (path: string): Promise<string> => expectStatus(await connection.send(getRequest(path, key)), 200).body;
  const ids: string[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const text: string = await get(`/clients?limit=${PAGE}${cursor === null ? '' : `&cursor=${cursor}`}`);
    // Only ids are taken of it, no values.
    const { items, next_cursor: next } = JSON.parse(text) as { items: { id: string }[]; next_cursor: string | null };
    ids.push(...items.map(({ id }) => id));
    cursor = next;
    if (cursor === null) break;
  }
  const record = await get(`/clients/${ids[0] ?? ''}`);
  connection.close();
  return { ids, record };
}
