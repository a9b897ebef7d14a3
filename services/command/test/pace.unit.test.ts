import t from 'tap';
import { Pace } from '../src/lanes/pace.ts';

/** A clock that stands still but for who waits. */
function clockFrom(time: number) {
  const waits: number[] = [];
  return {
    waits,
    at: time,
    now() {
      return this.at;
    },
    async wait(ms: number) {
      waits.push(ms);
      this.at += ms;
      await Promise.resolve();
    },
  };
}

const { signal } = new AbortController();

t.test('a turn begins no sooner than its time after the one before', async (t) => {
  const clock = clockFrom(1_013);
  const pace = new Pace(40, clock);
  await pace.turn(signal);
  t.strictSame(clock.waits, [], 'the first waits for nothing');
  await pace.turn(signal);
  t.equal(clock.at, 1_053);
  clock.at += 3;
  await pace.turn(signal);
  t.equal(clock.at, 1_093);
});

t.test('what comes after a pause waits for nobody', async (t) => {
  const clock = clockFrom(0);
  const pace = new Pace(40, clock);
  await pace.turn(signal);
  clock.at += 4_000;
  await pace.turn(signal);
  t.strictSame(clock.waits, []);
});

t.test('a turn that took longer than the time between two is followed by the next at once', async (t) => {
  const clock = clockFrom(0);
  const pace = new Pace(40, clock);
  await pace.turn(signal);
  clock.at += 55;
  await pace.turn(signal);
  t.strictSame(clock.waits, []);
});
