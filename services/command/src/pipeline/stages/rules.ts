import { settle } from '../../handlers/command-handler.ts';
import type { Batch } from '../batch.ts';
import type { CommandFailures } from '../command-failures.ts';
import type { Stage } from '../stage.ts';

/** Settles what need not, or cannot now, come before the domain. */
export class RulesStage implements Stage {
  readonly name = 'rules';
  readonly #failures: CommandFailures;

  constructor(failures: CommandFailures) {
    this.#failures = failures;
  }

  run(batch: Batch): void {
    for (const item of batch.open()) {
      const { admitted, record } = item;
      if (admitted === null) continue;
      this.#failures.guard(item, () => {
        item.settlement = admitted.ruleOn();
      });
      const isContended = record !== null && batch.contended.has(record.aggregateId);
      if (isContended) item.settlement ??= settle('parked', 'conflict');
    }
  }
}
