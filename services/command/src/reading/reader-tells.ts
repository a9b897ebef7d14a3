import type { Logger } from '@clientele/service-kit';
import type { ReadFailure } from './read-failures.ts';
import type { ReaderBoard } from './reader-board.ts';

/** Says how the reader of a source stands: to the board always, to the log when it is news. */
export class ReaderTells {
  readonly #source: string;
  readonly #board: ReaderBoard;
  readonly #logger: Logger;

  constructor(source: string, board: ReaderBoard, logger: Logger) {
    this.#source = source;
    this.#board = board;
    this.#logger = logger;
  }

  works(kind: 'reading' | 'saving'): void {
    if (this.#board.set(this.#source, { kind })) this.#logger.info({ source: this.#source, state: kind }, 'reading a source');
  }

  pauses({ state, reason, until }: Extract<ReadFailure, { kind: 'pause' }>): void {
    const isNews = this.#board.set(this.#source, { kind: state, reason, until });
    if (isNews) this.#logger[state === 'unauthorised' ? 'error' : 'warn']({ source: this.#source, reason, until }, 'a source cannot be read now');
  }

  holds(reason: string): void {
    const isNews = this.#board.set(this.#source, { kind: 'holding', reason });
    if (isNews) this.#logger.warn({ source: this.#source, reason }, 'reading waits');
  }
}
