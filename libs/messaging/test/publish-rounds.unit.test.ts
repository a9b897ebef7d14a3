import t from 'tap';
import { PublishRounds, type RoundClock } from '../src/dispatcher/publish-rounds.ts';

class HandClock implements RoundClock {
  #now = 0;
  #alarm: { at: number; then: () => void } | null = null;

  readonly now = (): number => this.#now;

  readonly after = (ms: number, then: () => void): (() => void) => {
    this.#alarm = { at: this.#now + ms, then };
    return () => (this.#alarm = null);
  };

  async pass(ms: number): Promise<void> {
    this.#now += ms;
    if (this.#alarm !== null && this.#alarm.at <= this.#now) {
      const { then } = this.#alarm;
      this.#alarm = null;
      then();
    }
    await Promise.resolve();
  }
}

function setting() {
  const clock = new HandClock();
  const queue = { waiting: 0 };
  const begun: string[] = [];
  const rounds = new PublishRounds({ apartMs: 10, enough: 3, waiting: () => queue.waiting, clock });
  const come = async (lane: string): Promise<void> => {
    queue.waiting += 1;
    rounds.came();
    void rounds.next().then(() => begun.push(lane));
    await clock.pass(0);
  };
  return { clock, queue, begun, rounds, come };
}

t.test('the first after a pause waits for nothing, the next ones for one another', async (t) => {
  const { clock, queue, begun, come } = setting();
  await come('a');
  t.strictSame(begun, ['a']);
  queue.waiting = 0;
  await clock.pass(4);
  await come('b');
  await clock.pass(3);
  await come('c');
  t.strictSame(begun, ['a']);
  await clock.pass(2);
  t.strictSame(begun, ['a'], '9 ms after the last round');
  await clock.pass(1);
  t.strictSame(begun, ['a', 'b', 'c'], 'both in one round');
  queue.waiting = 0;
  await clock.pass(10);
  await come('d');
  t.strictSame(begun, ['a', 'b', 'c', 'd']);
});

t.test('what is enough for a round waits no longer', async (t) => {
  const { clock, queue, begun, come, rounds } = setting();
  await come('a');
  queue.waiting = 0;
  await come('b');
  await come('c');
  t.strictSame(begun, ['a']);
  queue.waiting += 1;
  rounds.came();
  await clock.pass(0);
  t.strictSame(begun, ['a', 'b', 'c']);
  // Those are on their way; one that is left alone is gathered again.
  queue.waiting = 0;
  await come('d');
  t.strictSame(begun, ['a', 'b', 'c']);
  await clock.pass(10);
  t.strictSame(begun, ['a', 'b', 'c', 'd']);
  // Where enough is left of the last round, the next begins at once.
  queue.waiting = 5;
  void rounds.next().then(() => begun.push('e'));
  await clock.pass(0);
  t.strictSame(begun, ['a', 'b', 'c', 'd', 'e']);
});
