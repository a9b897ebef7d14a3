import t from 'tap';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ByteBudget, CommandQueue, type QueuedCommand } from '../src/dispatcher/command-queue.ts';
import { DispatchTicket } from '../src/dispatcher/dispatch-ticket.ts';
import { PublishSlots } from '../src/dispatcher/publish-slots.ts';

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

function command(bytes: number): QueuedCommand {
  return { text: `command of ${bytes} bytes`, bytes, ticket: new DispatchTicket(1, 60_000, () => new Error('late')) };
}

t.test('what has left the queue is not kept in memory by it', async (t) => {
  const budget = new ByteBudget(1_000_000);
  const queue = new CommandQueue(budget);
  const gone = await (async () => {
    for (let at = 0; at < 10; at += 1) queue.push(command(100));
    const taken = queue.take(9, Infinity);
    for (const { ticket } of taken) ticket.stored();
    queue.release(taken);
    return taken.map((one) => new WeakRef(one));
  })();
  // A WeakRef holds until the job in which it was made is over.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  t.strictSame(gone.map((one) => one.deref()), gone.map(() => undefined));
  t.strictSame([queue.length, budget.used], [1, 100], 'the one that waits is still there');
  queue.take(1, Infinity).forEach(({ ticket }) => ticket.stored());
});

t.test('no more publishes than slots are under way, in the order of the calls; one that fails frees its slot', async (t) => {
  const slots = new PublishSlots(2);
  const begun: number[] = [];
  const endings: (() => void)[] = [];
  let underWay = 0;
  let most = 0;
  const publish = async (number: number): Promise<void> => await slots.use(async () => {
    begun.push(number);
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise<void>((resolve) => endings.push(resolve));
    underWay -= 1;
    if (number === 0) throw new Error('refused');
  });
  const all = Promise.allSettled([0, 1, 2, 3, 4].map(publish));
  for (let ended = 0; ended < 5; ended += 1) {
    while (endings.length === 0) await new Promise((resolve) => setImmediate(resolve));
    endings.shift()?.();
  }
  t.same((await all).map(({ status }) => status), ['rejected', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled']);
  t.same(begun, [0, 1, 2, 3, 4]);
  t.equal(most, 2);
});
