import { randomUUID } from 'node:crypto';
import type { EventDispatcher, FaultPoint } from '@clientele/contracts';
import { recordReadCommand, type Answer } from './record-read-command.ts';

export interface CausedAnswer {
  readonly answer: Answer;
  readonly cause: string;
}

export interface ReadingPublisherOptions {
  readonly dispatcher: EventDispatcher;
  /** Draws so many running numbers for looks at a source, and answers the first. @throws ReaderFencedError */
  readonly drawNumbers: (source: string, count: number) => Promise<number>;
  readonly now: () => Date;
  readonly faultPoint: FaultPoint;
}

/** A later reader of the source is at work: this one has to end. */
export class ReaderFencedError extends Error {
  override readonly name = 'ReaderFencedError';
}

/** As many as the broker takes at a time, however large the records are. */
const MOST_AT_ONCE = 50;

/** Sends what was read to the lanes of the records. */
export class ReadingPublisher {
  readonly #options: ReadingPublisherOptions;

  constructor(options: ReadingPublisherOptions) {
    this.#options = options;
  }

  /**
   * Resolves when all of it is on the broker's disk, with the ids of the commands.
   * @throws UnavailableError where some of it may not be: it is sent again, as other looks.
   * @throws ReaderFencedError where another one took the source over.
   * @throws ValidationError for an answer that is larger than the broker takes.
   */
  async publish({ source, provider }: { readonly source: string; readonly provider: string }, answers: readonly CausedAnswer[]): Promise<string[]> {
    if (answers.length === 0) return [];
    const { dispatcher, drawNumbers, now, faultPoint } = this.#options;
    const first = await drawNumbers(source, answers.length);
    const correlationId = randomUUID();
    const commands = answers.map(({ answer, cause }, nth) => recordReadCommand(answer, { provider, source, number: first + nth, cause, correlationId, now: now() }));
    faultPoint('reader.before-publish');
    for (let start = 0; start < commands.length; start += MOST_AT_ONCE) await dispatcher.dispatch(commands.slice(start, start + MOST_AT_ONCE));
    faultPoint('reader.after-publish');
    return commands.map(({ commandId }) => commandId);
  }
}
