import type { QuarantineBody } from '@clientele/contracts';
import { settle, type CommandHandler, type Handled } from './command-handler.ts';

/** A body that nobody understood: kept whole, listed among the dead letters, one ledger row. */
export class QuarantineBodyHandler implements CommandHandler<QuarantineBody> {
  keyOf(): null {
    return null;
  }

  ruleOn(): null {
    return null;
  }

  handle(command: QuarantineBody): Handled {
    return { settlement: settle('quarantined', command.reason, command.errors), append: null };
  }
}
