import { median } from '../figure.ts';
import { BarePublish } from '../floor/bare-publish.ts';
import { withBareServer } from '../floor/bare-server-process.ts';
import { ChangeSource } from '../load/changes.ts';
import { ClosedLoop, inTurn, middle } from '../load/closed-loop.ts';
import { HttpConnection } from '../load/http-connection.ts';
import { expectStatus, postRequest } from '../load/requests.ts';
import type { Measure } from '../report/measure.ts';
import { withSystem, type BenchSystem } from '../system/bench-system.ts';
import type { Run } from './run.ts';

const CALLERS = 64;
const PATH = '/events/salesforce/';
const TARGET = 8_000;

/** Changes that the ingest service acknowledges when the rest of the system does not run. */
export async function benchIngest(run: Run): Promise<Measure[]> {
  run.progress('ingest: starting servers and service');
  return await withSystem(['ingest'], run.profiles, async (bench) => await measure(bench, run));
}

async function measure({ system, servers }: BenchSystem, { rounds, seconds, progress }: Run): Promise<Measure[]> {
  const changes = new ChangeSource();
  const request = (): string => postRequest(PATH, system.keys.ingest, changes.next());
  const publish = await BarePublish.open(servers.natsUrl('operator'), changes.next());
  const accepted = await oneAnswer(system.addresses.ingest, request());
  return await withBareServer({ accepted }, async (bare) => {
    const ours = new ClosedLoop({ address: system.addresses.ingest, callers: CALLERS, request, status: 202 });
    const fastify = new ClosedLoop({ address: bare, callers: CALLERS, request, status: 202 });
    await Promise.all([ours.open(), fastify.open()]);
    const bareWindows: number[] = [];
    const publishWindows: number[] = [];
    const oneByOne: number[] = [];
    const [windows = []] = await inTurn(rounds, [
      async () => {
        progress('ingest: 64 callers post distinct changes');
        return await ours.window(seconds);
      },
      async () => {
        progress('ingest: its floors');
        const window = await fastify.window(seconds);
        bareWindows.push(window.rate);
        publishWindows.push(await publish.rate(CALLERS, seconds / 2));
        oneByOne.push(await publish.rate(1, seconds / 2));
        return window;
      },
    ]);
    ours.close();
    fastify.close();
    await publish.close();
    const { rate, p50, p99 } = middle(windows);
    const beside = (name: string, floors: readonly number[]): Measure => ({
      name: `ingest alone, ${CALLERS} callers`, figure: rate, unit: 'changes/s', floor: { name, figure: median(floors.slice(1)) },
      target: { of: 'figure', is: 'at least', value: TARGET },
    });
    return [
      beside('bare Fastify, same schemas, nothing stored', bareWindows),
      beside(`bare publish, one change a message, ${CALLERS} in flight`, publishWindows),
      beside('bare publish, one change a message, 1 in flight', oneByOne),
      { name: 'ingest alone, p50 of an answer', figure: p50, unit: 'ms', floor: null, target: null },
      { name: 'ingest alone, p99 of an answer', figure: p99, unit: 'ms', floor: null, target: null },
    ];
  });
}

async function oneAnswer(address: string, request: string): Promise<string> {
  const connection = await HttpConnection.open(address);
  const { body } = expectStatus(await connection.send(request), 202);
  connection.close();
  return body;
}
