import type { Finding } from '@clientele/contracts';
import { initialRecord } from '@clientele/domain';
import { bindingFindings } from '../../validation/binding-findings.ts';
import { settle } from '../../handlers/command-handler.ts';
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

/** Has one command decided on its record as it stands in the unit. What it throws, the error handler disposes of. */
export function decide(item: WorkItem): void {
  const { admitted, record, decided } = item;
  if (admitted === null) return;
  const state = record?.state ?? initialRecord;
  const handled = admitted.handle(state);
  const broken = bindingOn(item, handled.settlement.warnings);
  if (broken.length > 0) {
    item.settlement = settle('rejected', 'validation', broken);
    return;
  }
  if (handled.append !== null) record?.append(decided.commandId, handled.append);
  record?.ask(handled.reads ?? []);
  item.plans = handled.plans ?? [];
  item.settlement = handled.settlement;
}

function bindingOn({ taken, decided }: WorkItem, warnings: readonly Finding[]): readonly Finding[] {
  const unedited = taken?.unedited ?? null;
  if (unedited === null || !decided.readable || decided.command.type !== 'ProcessCrmEvent') return [];
  return bindingFindings(unedited, decided.command.event, warnings);
}
