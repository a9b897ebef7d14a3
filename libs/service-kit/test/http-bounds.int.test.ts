import { eventually } from '@clientele/testing';
import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { mock } from 'node:test';
import t from 'tap';
import { createHttpServer, createLogger, createMetrics, Health } from '../src/index.ts';

t.test('no connection is waited for without a bound: neither for what it has yet to send, nor for an answer when the server closes', async (t) => {
  const logger = createLogger('demo', { LOG_LEVEL: 'silent' });
  const app = await createHttpServer({ service: 'demo', description: 'For this test', logger, metrics: createMetrics('demo'), health: new Health() });
  const events = new EventEmitter();
  app.get('/never', () => {
    events.emit('taken');
    return new Promise(() => {});
  });
  app.addHook('preClose', async () => void events.emit('closing'));
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.match(app.server, { headersTimeout: 10_000, requestTimeout: 15_000, timeout: 60_000, keepAliveTimeout: 72_000 });

  const taken = once(events, 'taken');
  const socket = connect(Number(new URL(app.listeningOrigin).port), '127.0.0.1', () => socket.write('GET /never HTTP/1.1\r\nhost: x\r\n\r\n'));
  t.teardown(() => socket.destroy());
  await taken;
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  const closing = once(events, 'closing');
  let closed = false;
  void app.close().then(() => (closed = true));
  await closing;
  mock.timers.tick(5_000);
  mock.timers.reset();
  await eventually('it is closed, whoever still waits for an answer', () => closed);
});
