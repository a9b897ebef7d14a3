import t from 'tap';
import { encodeCommand, NewerSchemaError } from '@clientele/contracts';
import { BugRate } from '../src/errors/bug-rate.ts';
import { TooManyBugsError } from '../src/errors/too-many-bugs-error.ts';
import { Backoff } from '../src/lanes/backoff.ts';
import { decodeCommand } from '../src/lanes/decode-command.ts';
import { laneWork } from '../src/lanes/lane-work.ts';
import { NO_PUBLISHER, PublisherNumbers } from '../src/lanes/publisher-numbers.ts';
import { change, laneBatch, quarantineBody, SOURCE, TestPublisher } from './support/commands.ts';

const now = () => new Date('2025-05-01T00:00:00.000Z');

t.test('publishers are counted by their numbers', async (t) => {
  t.test('what comes in a row is new, and a repeated envelope adds nothing', async (t) => {
    const numbers = new PublisherNumbers(new Map());
    const count = numbers.count();
    t.equal(count.take({ publisher: 'a', first: 1, count: 3 }), 0);
    t.equal(count.take({ publisher: 'a', first: 4, count: 2 }), 0);
    t.equal(count.take({ publisher: 'a', first: 4, count: 2 }), 2, 'both commands were counted before');
    t.equal(count.take({ publisher: 'a', first: 1, count: 3 }), 3);
    t.same(count.advances(), [{ publisher: 'a', nextNumber: 6, accepted: {}, lost: 0 }]);
  });

  t.test('numbers that are skipped are lost, also before the first envelope', async (t) => {
    const numbers = new PublisherNumbers(new Map([['a', 10]]));
    const count = numbers.count();
    t.equal(count.take({ publisher: 'a', first: 13, count: 1 }), 0);
    t.equal(count.take({ publisher: 'b', first: 3, count: 2 }), 0);
    t.same(count.advances(), [
      { publisher: 'a', nextNumber: 14, accepted: {}, lost: 3 },
      { publisher: 'b', nextNumber: 5, accepted: {}, lost: 2 },
    ]);
    numbers.keep(count);
    t.same(count.lost(), [['a', 3], ['b', 2]], 'told also once they are kept');
  });

  t.test('an empty envelope shows what was lost before it', async (t) => {
    const count = new PublisherNumbers(new Map([['a', 5]])).count();
    t.equal(count.take({ publisher: 'a', first: 7, count: 0 }), 0);
    t.same(count.advances(), [{ publisher: 'a', nextNumber: 7, accepted: {}, lost: 2 }]);
  });

  t.test('an envelope of which a part was counted brings the rest', async (t) => {
    const count = new PublisherNumbers(new Map([['a', 5]])).count();
    t.equal(count.take({ publisher: 'a', first: 3, count: 4 }), 2);
    t.same(count.advances()[0]?.nextNumber, 7);
  });

  t.test('a batch that is dropped counts for nothing', async (t) => {
    const numbers = new PublisherNumbers(new Map());
    numbers.count().take({ publisher: 'a', first: 1, count: 3 });
    const second = numbers.count();
    t.equal(second.take({ publisher: 'a', first: 1, count: 3 }), 0);
    numbers.keep(second);
    t.equal(numbers.count().take({ publisher: 'a', first: 1, count: 3 }), 3);
    t.same(numbers.count().advances(), [], 'who does not move is not told');
  });

  t.test('changes are counted under their source, whatever its name', async (t) => {
    const count = new PublisherNumbers(new Map()).count();
    count.take({ publisher: 'a', first: 1, count: 3 });
    for (const source of ['s', '__proto__', 's']) count.accept({ publisher: 'a' }, source);
    t.same(Object.entries(count.advances()[0]?.accepted ?? {}), [['s', 2], ['__proto__', 1]]);
  });
});

t.test('a command is decoded by itself', async (t) => {
  t.test('one of this version is readable', async (t) => {
    const command = change();
    const received = decodeCommand(JSON.parse(encodeCommand(command)), now);
    t.match(received, { readable: true, commandId: command.commandId });
    t.match(decodeCommand(quarantineBody('x'), now), { readable: true });
  });

  t.test('one of a later version stops the lane', async (t) => {
    t.throws(() => decodeCommand({ ...change(), schemaVersion: 2 }, now), NewerSchemaError);
  });

  const whole = change();
  const unreadable: [string, unknown, object][] = [
    ['no object', 'text', { provider: 'unknown', source: null }],
    ['null', null, { provider: 'unknown' }],
    ['a type that nobody knows', { type: 'Other', schemaVersion: 7 }, { errors: [{ code: 'unknown_type' }] }],
    ['a member missing', { ...whole, rawEvent: undefined }, { provider: 'salesforce', source: SOURCE }],
    ['a member too many', { ...whole, extra: 1 }, { payload: new RegExp(`"commandId":"${whole.commandId}"`) }],
    ['a time that the calendar does not know', { ...whole, receivedAt: '2025-02-30T00:00:00Z' }, { receivedAt: '2025-05-01T00:00:00.000Z' }],
    ['an id that cannot be kept', { ...whole, commandId: 'a\u0000' }, { errors: [{ path: '/commandId' }] }],
    ['half a character in what is told of a change', { ...whole, event: { ...whole.event, metadata: { ...whole.event.metadata, origin: 'a\ud83d' } } }, { errors: [{ path: '/event/metadata/origin', code: 'character' }] }],
    ['a control character in a name', { ...whole, event: { ...whole.event, entity: 'A\u0000' } }, { errors: [{ path: '/event/entity' }] }],
  ];
  for (const [what, value, expected] of unreadable) {
    t.match(decodeCommand(value, now), { readable: false, commandId: /^19700101-[\w-]{27}$/, ...expected }, what);
  }

  t.test('the id of what cannot be read is that of its text, whatever id it claims', async (t) => {
    t.equal(decodeCommand({ a: 1 }, now).commandId, decodeCommand({ a: 1 }, now).commandId);
    t.not(decodeCommand({ a: 1 }, now).commandId, decodeCommand({ a: 2 }, now).commandId);
    const ids = [whole, { ...whole, extra: 1 }, { ...whole, extra: 2 }].map((value) => decodeCommand(value, now).commandId);
    t.equal(new Set(ids).size, 3, 'none is taken for a repeat of another');
  });
});

t.test('a lane batch is cut into units', async (t) => {
  const publisher = () => new TestPublisher('p');

  t.test('what is there goes together, and the checkpoint is the last message', async (t) => {
    const p = publisher();
    const batch = laneBatch([p.envelope([change(), change()]), p.envelope([]), p.envelope([change()])], { pending: 4 });
    const [unit, ...rest] = laneWork(batch, new PublisherNumbers(new Map()), now);
    t.equal(unit?.received.length, 3);
    t.same(unit?.to, { incarnation: 'stream-1', sequence: 3 });
    t.equal(unit?.pending, 4);
    t.same(unit?.count.advances(), [{ publisher: 'p', nextNumber: 4, accepted: { [SOURCE]: 3 }, lost: 0 }]);
    t.same(rest, []);
  });

  t.test('a large batch becomes several, each counted after the one before', async (t) => {
    const p = publisher();
    const numbers = new PublisherNumbers(new Map());
    const messages = Array.from({ length: 5 }, () => p.envelope(Array.from({ length: 100 }, () => change())));
    const sizes: number[] = [];
    for (const unit of laneWork(laneBatch(messages), numbers, now)) {
      sizes.push(unit.received.length);
      numbers.keep(unit.count);
    }
    t.same(sizes, [200, 200, 100]);
    const again = [...laneWork(laneBatch(messages), numbers, now)];
    t.same(again.map(({ received }) => received.length), [0], 'a second reading brings nothing new');
  });

  t.test('few that are large become several too', async (t) => {
    const p = publisher();
    const messages = Array.from({ length: 4 }, () => p.envelope([change({ data: { Description: 'x'.repeat(200_000) } })]));
    t.same([...laneWork(laneBatch(messages), new PublisherNumbers(new Map()), now)].map(({ to }) => to.sequence), [3, 4]);
  });

  t.test('one message at a time when asked', async (t) => {
    const p = publisher();
    const batch = laneBatch([p.envelope([change()]), p.envelope([change()])]);
    const units = [...laneWork(batch, new PublisherNumbers(new Map()), now, { oneMessageAtATime: true })];
    t.same(units.map(({ to, pending }) => [to.sequence, pending]), [[1, 1], [2, 0]]);
  });

  t.test('a message that is no envelope is one unreadable change', async (t) => {
    const [unit] = laneWork(laneBatch([Buffer.from('{oops')]), new PublisherNumbers(new Map()), now);
    const payload = JSON.stringify({ body: Buffer.from('{oops').toString('base64') });
    t.match(unit?.received, [{ readable: false, errors: [{ code: 'not_an_envelope' }], payload }]);
    t.same(unit?.count.advances(), [{ publisher: NO_PUBLISHER, nextNumber: 2, accepted: { '': 1 }, lost: 0 }]);
  });

  t.test('a newer command lets what is before it through, without its own envelope', async (t) => {
    const p = publisher();
    const newer = { ...change(), schemaVersion: 99 };
    const units = laneWork(laneBatch([p.envelope([change()]), p.envelope([change(), newer])]), new PublisherNumbers(new Map()), now);
    const first = units.next();
    t.match(first.value, { to: { sequence: 1 }, pending: 1 });
    t.same(first.value?.count.advances()[0]?.nextNumber, 2);
    t.throws(() => units.next(), NewerSchemaError);
  });

  t.test('so does a newer envelope', async (t) => {
    const units = laneWork(laneBatch([Buffer.from('{"v":2,"publisher":"p"}')]), new PublisherNumbers(new Map()), now);
    t.throws(() => units.next(), NewerSchemaError);
  });
});

t.test('more than 5 % bugs in 1,000 changes stop a lane', async (t) => {
  const bugs = (count: number, good: number) => [...Array<boolean>(count).fill(true), ...Array<boolean>(good).fill(false)];
  const rate = new BugRate('commands.0');
  rate.check(bugs(50, 0));
  t.throws(() => rate.check(bugs(51, 400)), TooManyBugsError);
  rate.add(bugs(50, 400));
  t.throws(() => rate.check(bugs(1, 10)), TooManyBugsError);
  rate.check(bugs(0, 300));
  rate.add(bugs(0, 600));
  rate.check(bugs(50, 0));
  t.throws(() => rate.check(bugs(51, 0)), TooManyBugsError, 'old bugs have left the window');
});

t.test('waiting doubles, is drawn from the whole bound, and ends with the signal', async (t) => {
  const drawn: number[] = [];
  const backoff = new Backoff(() => {
    drawn.push(1);
    return 0;
  });
  const { signal } = new AbortController();
  await backoff.wait(1000, signal);
  t.equal(drawn.length, 1);
  const aborted = AbortSignal.abort();
  await new Backoff(() => 1).wait(60_000, aborted);
});
