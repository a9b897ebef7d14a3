import { createServer, connect, type AddressInfo } from 'node:net';
import t from 'tap';
import { eventually, isAlive, isFree, freePort, spawnService, tcpProxy } from '../src/index.ts';

t.test('eventually', async (t) => {
  let asked = 0;
  t.equal(await eventually('three', () => { asked += 1; return asked; }, { until: (n) => n === 3 }), 3);
  t.equal(await eventually('a value', () => asked++ > 4 && 'there'), 'there');
  await t.rejects(eventually('five apples', () => ({ apples: 4 }), { timeoutMs: 30, until: (seen) => seen.apples === 5 }),
    /gave up after \d+ ms waiting for: five apples; last seen: \{ apples: 4 \}/);
  let apples = 0;
  const growing = () => { apples += 1; return { apples }; };
  const begun = Date.now();
  await t.rejects(eventually('no apples', growing, { timeoutMs: 100, until: () => false }), /gave up/);
  t.ok(Date.now() - begun >= 400, 'what moves is waited for, but not for ever');
  await t.rejects(eventually('calm', () => { throw new Error('a storm'); }, { timeoutMs: 30 }), /last seen: the probe threw Error: a storm/);
});

t.test('tcpProxy', async (t) => {
  const echo = createServer((socket) => { socket.pipe(socket); socket.on('error', () => {}); });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  const proxy = await tcpProxy((echo.address() as AddressInfo).port);
  t.teardown(async () => { await proxy.close(); echo.close(); });
  const open = (): { socket: ReturnType<typeof connect>; seen: () => string; closed: () => boolean } => {
    const socket = connect({ port: proxy.port, host: '127.0.0.1' });
    let [seen, closed] = ['', false];
    socket.on('data', (data) => { seen += data.toString(); });
    socket.on('error', () => {});
    socket.on('close', () => { closed = true; });
    return { socket, seen: () => seen, closed: () => closed };
  };

  const first = open();
  first.socket.write('one');
  await eventually('the echo', () => first.seen() === 'one');
  proxy.pause();
  first.socket.write('two');
  const late = open();
  late.socket.write('late');
  const direct = connect({ port: (echo.address() as AddressInfo).port, host: '127.0.0.1' });
  const answered = new Promise((resolve) => direct.once('data', resolve));
  direct.write('x');
  await answered;
  direct.destroy();
  t.equal(first.seen() + late.seen(), 'one', 'nothing flows while paused');
  proxy.resume();
  await eventually('what waited', () => first.seen() === 'onetwo' && late.seen() === 'late');
  proxy.cut();
  t.ok(await eventually('the cut', () => first.closed() && late.closed()));
  const second = open();
  second.socket.write('again');
  t.ok(await eventually('a new connection', () => second.seen() === 'again'));
});

t.test('spawnService', async (t) => {
  const entry = `${t.testdir({ 'main.mjs': 'console.log(process.env.GREETING, process.env.HOME); console.error("and"); setInterval(() => {}, 1000); process.on("SIGTERM", () => process.exit(3));' })}/main.mjs`;
  const service = await spawnService(entry, { GREETING: 'hello' });
  await eventually('its words', () => service.output().includes('hello undefined') && service.output().includes('and'));
  t.ok(isAlive(service.pid));
  service.kill('SIGTERM');
  t.equal(await service.exited, 3);
  const killed = await spawnService(entry, {});
  killed.kill('SIGKILL');
  t.equal(await killed.exited, null);
});

t.test('freePort', async (t) => {
  const port = await freePort();
  t.ok(await isFree(port));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.notOk(await isFree(port));
  server.close();
});
