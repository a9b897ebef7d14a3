import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { median } from '../src/bench/figure.ts';
import { ChangeSource } from '../src/bench/load/changes.ts';
import { inTurn, middle } from '../src/bench/load/closed-loop.ts';
import { HttpConnection } from '../src/bench/load/http-connection.ts';
import { openLoop } from '../src/bench/load/open-loop.ts';
import { expectStatus, getRequest, postRequest } from '../src/bench/load/requests.ts';
import { readOptions } from '../src/bench/options.ts';
import { isReached, measureOf, ratioOf, type Measure } from '../src/bench/report/measure.ts';
import { percentile } from '../src/bench/report/percentile.ts';
import { table } from '../src/bench/report/table.ts';

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

t.test('the arithmetic', async (t) => {
  t.equal(percentile(hundred, 0.5), 50);
  t.equal(percentile(hundred, 0.99), 99);
  t.equal(percentile(hundred, 1), 100);
  t.equal(percentile([7], 0.01), 7);
  t.equal(percentile([1, 2, 10, 9], 0.99), 10, 'numbers are not sorted as texts');
  t.throws(() => percentile([], 0.5), RangeError);
  t.equal(median([9, 1, 100]), 9);
  t.same(middle([{ rate: 1, p50: 9, p99: 30 }, { rate: 3, p50: 8, p99: 10 }, { rate: 2, p50: 7, p99: 20 }]), { rate: 2, p50: 8, p99: 20 });
});

t.test('ratios and targets', async (t) => {
  const atLeast = (value: number): Measure['target'] => ({ of: 'figure', is: 'at least', value });
  const line = (measure: Partial<Measure>): Measure => ({ name: 'x', figure: 50, unit: 'ms', floor: null, target: null, ...measure });
  t.equal(ratioOf(line({ floor: { name: 'floor', figure: 200 } })), 0.25);
  t.equal(ratioOf(line({})), null);
  t.equal(ratioOf(line({ floor: { name: 'floor', figure: 0 } })), null);
  t.equal(isReached(line({})), null);
  t.equal(isReached(line({ target: atLeast(50) })), true);
  t.equal(isReached(line({ target: atLeast(51) })), false);
  t.equal(isReached(line({ target: { of: 'figure', is: 'below', value: 50 } })), false);
  const appended = measureOf({ name: 'append', figure: 80, unit: 'events/s', floor: 100, floorName: 'raw', ratio: 0.8, target: 0.75 });
  t.equal(isReached(appended), true, 'a target of the event store is one of the ratio');
  t.equal(isReached({ ...appended, figure: 70 }), false);
});

t.test('the table', async (t) => {
  const lines = table([
    { name: 'ingest', figure: 8123.4, unit: 'changes/s', floor: { name: 'bare', figure: 16246.8 }, target: { of: 'figure', is: 'at least', value: 8000 } },
    { name: 'p99', figure: 312.25, unit: 'ms', floor: null, target: { of: 'figure', is: 'below', value: 300 } },
    { name: 'append', figure: 3, unit: 'events/s', floor: { name: 'raw', figure: 4 }, target: { of: 'ratio', is: 'at least', value: 0.75 } },
  ]).split('\n');
  t.match(lines[0], /^figure {2}value {2}unit {7}floor {2}floor value {2}ratio {2}target$/);
  t.match(lines[2], /^ingest {2}8,123 {2}changes\/s {2}bare {8}16,247 {3}0\.50 {2}>= 8,000 ✓$/);
  t.match(lines[3], /^p99 {7}312 {2}ms .* < 300 ✗$/);
  t.match(lines[4], /^append {6}3 {2}events\/s {3}raw .*0\.75 {2}ratio >= 0\.75 ✓$/);
});

t.test('what can be asked for', async (t) => {
  t.same(readOptions([]).sections, ['append', 'ingest', 'end-to-end', 'reads'], 'growth and parked only where they are named');
  t.match(readOptions(['parked', '--parked=500']), { sections: ['parked'], parked: 500 });
  t.same(readOptions(['reads', 'append', '--changes', '200000']), {
    sections: ['append', 'reads'], changes: 200_000, parked: 100_000, seconds: 2, rounds: 5, profiles: null, help: false,
  });
  for (const wrong of [['writes'], ['--changes', 'many'], ['--changes', '0'], ['--seconds', ''], ['--fast']]) {
    t.throws(() => readOptions(wrong), { name: 'StartError' }, wrong.join(' '));
  }
});

t.test('contestants take turns, and the first turn only warms up', async (t) => {
  const turns: string[] = [];
  const contestant = (name: string) => async (): Promise<number> => turns.push(name);
  t.same(await inTurn(2, [contestant('a'), contestant('b')]), [[3, 5], [4, 6]]);
  t.same(turns, ['a', 'b', 'a', 'b', 'a', 'b']);
});

t.test('changes are distinct, well-formed, and updates follow their creation', async (t) => {
  const source = new ChangeSource();
  const headers = Array.from({ length: 5_000 }, () => JSON.parse(source.next()).detail.payload.ChangeEventHeader);
  t.equal(new Set(headers.map(({ transactionKey }) => transactionKey)).size, 5_000);
  const known = new Set<string>();
  for (const { changeType, recordIds: [id] } of headers) {
    if ((changeType === 'CREATE') === known.has(id)) t.fail(`${changeType} of ${id}`);
    known.add(id);
  }
  t.equal(known.size, 2_000);
  t.equal(source.made, 5_000);
});

t.test('arrivals do not wait for what is late', async (t) => {
  const begun: number[] = [];
  let release = (): void => {};
  const held = new Promise<void>((resolve) => { release = resolve; });
  const run = openLoop({
    rate: 1_000, seconds: 0.05,
    arrive: async (number, dueAt) => {
      begun.push(dueAt);
      if (number === 49) release();
      await held;
    },
  });
  await run;
  t.equal(begun.length, 50);
  t.same(begun, [...begun].sort((a, b) => a - b));
  t.ok(Math.abs((begun[49] ?? 0) - (begun[0] ?? 0) - 49) < 0.001, 'each is due by the clock, not by when it could begin');
  await t.rejects(openLoop({ rate: 1_000, seconds: 10, arrive: async () => { throw new Error('refused'); } }), /refused/);
});

t.test('the connection', async (t) => {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => { body += data.toString(); });
    request.on('end', () => {
      if (request.url === '/drop') {
        response.socket?.destroy();
        return;
      }
      const text = JSON.stringify({ method: request.method, url: request.url, key: request.headers['x-api-key'], body, filler: 'ü'.repeat(100_000) });
      response.writeHead(request.url === '/missing' ? 404 : 200, { 'content-length': Buffer.byteLength(text) }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const connection = await HttpConnection.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.match(JSON.parse(expectStatus(await connection.send(getRequest('/a?b=1', 'k')), 200).body), { method: 'GET', url: '/a?b=1', key: 'k' });
  t.match(JSON.parse((await connection.send(postRequest('/p', 'k', '{"x":1}'))).body), { method: 'POST', body: '{"x":1}' }, 'on the same connection');
  const first = connection.send(getRequest('/', 'k'));
  await t.rejects(connection.send(getRequest('/', 'k')), /one request at a time/);
  await first;
  const missing = await connection.send(getRequest('/missing', 'k'));
  t.throws(() => expectStatus(missing, 200), /200 was expected, 404 came/);
  await t.rejects(connection.send(getRequest('/drop', 'k')), /closed/);
  await t.rejects(connection.send(getRequest('/', 'k')), /closed/, 'and stays broken');
  await t.rejects(HttpConnection.open('http://127.0.0.1:1'));
});
