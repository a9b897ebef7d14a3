import { admit, type Handlers } from '../../handlers/handlers.ts';
import { settle } from '../../handlers/command-handler.ts';
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
      else item.settlement = settle('parked', 'bug', [{ path: '', code: 'bug', message: parkReason }]);
    }
  }

  #validate(item: WorkItem): void {
    const { received } = item;
    if (!received.readable) {
      item.settlement = settle('quarantined', 'unreadable_command', received.errors);
      return;
    }
    const admission = admit(this.#handlers, received.command);
    if (admission.isValid) item.admitted = admission;
    else item.settlement = settle('rejected', 'validation', admission.errors);
  }
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
