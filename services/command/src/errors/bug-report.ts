import type { Logger } from '@clientele/service-kit';
import { originOf, type ReceivedCommand } from '../lanes/received-command.ts';

const REMEMBERED = 10_000;

/** Tells of a bug, once for each change: the log with its stack, the metric, so that somebody looks. */
export class BugReport {
  readonly #logger: Pick<Logger, 'error'>;
  readonly #count: () => void;
  /** A change is decided again after a conflict or a lost connection, and fails again. */
  readonly #told = new Set<string>();

  constructor(logger: Pick<Logger, 'error'>, count: () => void) {
    this.#logger = logger;
    this.#count = count;
  }

  report(error: unknown, received: ReceivedCommand): void {
    const { commandId } = received;
    if (this.#told.has(commandId)) return;
    if (this.#told.size >= REMEMBERED) this.#told.clear();
    this.#told.add(commandId);
    this.#count();
    const { correlationId } = originOf(received);
    this.#logger.error({ err: error, changeId: commandId, correlationId }, 'a bug kept a change from being decided; it is parked');
  }
}
