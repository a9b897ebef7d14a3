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

t.test('turns that wait begin at the multiples of one time', async (t) => {
  const clock = clockFrom(1_013);
  const pace = new Pace(40, clock);
  await pace.turn(signal);
  t.strictSame(clock.waits, [], 'the first waits for nothing');
  await pace.turn(signal);
  t.equal(clock.at, 1_040);
  clock.at += 3;
  await pace.turn(signal);
  t.equal(clock.at, 1_080);
});

t.test('lanes that began at different times wait for the same moment', async (t) => {
  const clock = clockFrom(2_001);
  const [one, other] = [new Pace(40, clock), new Pace(40, clock)];
  await one.turn(signal);
  clock.at += 20;
  await other.turn(signal);
  const at = clock.at;
  await one.turn(signal);
  t.equal(clock.at, 2_040);
  clock.at = at;
  await other.turn(signal);
  t.equal(clock.at, 2_040);
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
