import { settle, type Settlement } from '../handlers/command-handler.ts';
import type { ErrorHandler } from '../errors/error-handler.ts';
import type { BugReport } from '../errors/bug-report.ts';
import type { WorkItem } from './work-item.ts';

/** Keeps one command's failure from its neighbours. */
export class CommandFailures {
  readonly #errors: ErrorHandler;
  readonly #bugs: BugReport;

  constructor(errors: ErrorHandler, bugs: BugReport) {
    this.#errors = errors;
    this.#bugs = bugs;
  }

  /** Runs a step of one command; what it throws settles that command, unless the whole lane is concerned. */
  guard(item: WorkItem, step: () => void): void {
    try {
      step();
    } catch (error) {
      item.settlement = this.#settlementOf(error, item);
    }
  }

  #settlementOf(error: unknown, item: WorkItem): Settlement {
    const { decided } = item;
    const disposition = this.#errors.handleError(error, decided.readable ? decided.command : null);
    switch (disposition.kind) {
      case 'reject':
        return settle('rejected', 'validation', disposition.errors);
      case 'park':
        // Another attempt at what failed before says nothing of how well this version does.
        item.failedForBug = item.taken === null;
        this.#bugs.report(error, decided);
        return settle('parked', disposition.reason, disposition.errors);
      case 'retry':
      case 'hold':
        throw error;
    }
  }
}
