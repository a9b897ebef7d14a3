import { admit, admitOrder, type Handlers } from '../../handlers/handlers.ts';
import { settle, type Settlement } from '../../handlers/command-handler.ts';
import { isParkedOrder } from '../../handlers/parked-order.ts';
import type { Batch } from '../batch.ts';
import type { Stage } from '../stage.ts';
import type { WorkItem } from '../work-item.ts';

/** Leaves one of each change, and sends every readable command through its validators. */
export class ValidateStage implements Stage {
  readonly name = 'validate';
  readonly #handlers: Handlers;

  constructor(handlers: Handlers) {
    this.#handlers = handlers;
  }

  run(batch: Batch): void {
    batch.items = withoutRepeats(batch);
    const { parkReason } = batch.session.caution;
    for (const item of batch.items) {
      if (parkReason === null) this.#validate(item);
      else item.settlement = putAside(item, parkReason);
    }
  }

  #validate(item: WorkItem): void {
    const { received } = item;
    if (!received.readable) {
      item.settlement = settle('quarantined', 'unreadable_command', received.errors);
      return;
    }
    const { command } = received;
    if (isParkedOrder(command)) {
      const order = admitOrder(this.#handlers, command);
      if (order.isValid) item.order = order;
      else item.settlement = settle('rejected', 'validation', order.errors);
      return;
    }
    const admission = admit(this.#handlers, command);
    if (admission.isValid) item.admitted = admission;
    else item.settlement = settle('rejected', 'validation', admission.errors);
  }
}

/** What an order is about waits already, so the order itself is given up. */
function putAside({ received }: WorkItem, message: string): Settlement {
  const isOrder = received.readable && isParkedOrder(received.command);
  return settle(isOrder ? 'rejected' : 'parked', 'bug', [{ path: '', code: 'bug', message }]);
}

function withoutRepeats(batch: Batch): readonly WorkItem[] {
  const seen = new Set<string>();
  return batch.items.filter((item) => {
    const isRepeat = seen.has(item.received.commandId);
    if (isRepeat) batch.repeated(item);
    seen.add(item.received.commandId);
    return !isRepeat;
  });
}
