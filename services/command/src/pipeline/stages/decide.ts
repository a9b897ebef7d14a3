import { initialRecord } from '@clientele/domain';
import type { Batch } from '../batch.ts';
import type { CommandFailures } from '../command-failures.ts';
import type { Stage } from '../stage.ts';
import type { WorkItem } from '../work-item.ts';

/** Lets the handlers decide, one change after the other, each on what the one before it left. */
export class DecideStage implements Stage {
  readonly name = 'decide';
  readonly #failures: CommandFailures;

  constructor(failures: CommandFailures) {
    this.#failures = failures;
  }

  /** @throws TooManyBugsError */
  run(batch: Batch): void {
    for (const item of batch.open()) this.#failures.guard(item, () => decide(item));
    batch.session.bugs.check(batch.items.map(({ failedForBug }) => failedForBug));
  }
}

function decide(item: WorkItem): void {
  const { admitted, record, received } = item;
  if (admitted === null) return;
  const { settlement, append } = admitted.handle(record?.state ?? initialRecord);
  if (append !== null) record?.append(received.commandId, append);
  item.settlement = settlement;
}
