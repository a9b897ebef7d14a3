import t from 'tap';
import { parseNatsUrl } from '../src/connection/nats-url.ts';

t.test('a NATS URL is taken apart, its user and password decoded', async (t) => {
  t.strictSame(parseNatsUrl('nats://a%3Ab:p%40ss@h'), { servers: ['h:4222'], user: 'a:b', password: 'p@ss', tls: false });
  t.strictSame(parseNatsUrl('tls://h:1, u:p@i:2'), { servers: ['h:1', 'i:2'], user: 'u', password: 'p', tls: true });
  t.strictSame(parseNatsUrl('h'), { servers: ['h:4222'], user: null, password: null, tls: false });
});

t.test('what is none is refused without its password', async (t) => {
  for (const text of ['http://u:hidden@h', 'nats://u:hidden@h:port']) {
    t.throws(() => parseNatsUrl(text), { name: 'TypeError', message: /^(?!.*hidden)/ }, text);
  }
});

t.test('what names no host is no URL', async (t) => {
  for (const text of ['', ' ', 'nats://', 'nats://a,', 'http://a']) t.throws(() => parseNatsUrl(text), { name: 'TypeError' }, text);
});
