import { UnavailableError, type FaultPoint, type LogEntry } from '@clientele/contracts';
import { EventPipeline, toEventMessage, type EventMessage, type EventMessageOptions, type NatsLink } from '@clientele/messaging';
import { Backoff } from '../lanes/backoff.ts';
import { Pace } from '../lanes/pace.ts';
import { alignStream, StreamAheadError, type AlignParts, type RelayPlace } from './align.ts';
import { StaleLeaderError } from './relay-log.ts';
import { RelayProgress, type RelayStatus } from './relay-progress.ts';
import { WakeUp } from './wake-up.ts';

export interface RelayOptions extends AlignParts {
  readonly link: NatsLink;
  /** Where an entry that is too large for the broker is had. */
  readonly dataref: (position: number) => string;
  /** How often the log is looked at without being woken (default 50 ms): commits of other processes are found so. */
  readonly pollMs?: number;
  /** How often stream and log are compared (default 10 s). */
  readonly compareEveryMs?: number;
  /** Most entries in one read of the log (default 512). */
  readonly readEntries?: number;
  /** Most messages on the way to the broker (default 1024): enough for a moment in which this process is busy with its lanes. */
  readonly windowMessages?: number;
  /** `relay.before-publish`, `relay.after-publish`, `relay.after-purge`. */
  readonly fault?: FaultPoint;
  /** Told of what an operator should read: a stream filled anew, a pipeline that broke, a stop. */
  readonly onNotice?: (level: 'info' | 'warn' | 'error', message: string) => void;
}

/** Publishes the log to EVENTS, in order, for as long as it leads. Postgres is the truth, the stream a copy. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #progress = new RelayProgress();
  readonly #wakeUp = new WakeUp();
  /** Why the stream must be filled anew at the next comparison, whatever it looks like. */
  #suspect: string | null = null;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** To be called after a commit: what it appended is published at once. */
  wake(): void {
    this.#wakeUp.ring();
  }

  status(): RelayStatus {
    return this.#progress.status();
  }

  /**
   * Leads until `signal` aborts; returns once nothing is on the way any more, or when another leader is seen. What fails is compared
   * and tried again; what is no failure of the database or the broker is thrown.
   */
  async lead({ epoch, signal }: { readonly epoch: number; readonly signal: AbortSignal }): Promise<void> {
    const backoff = new Backoff();
    this.#progress.enter('comparing');
    try {
      while (!signal.aborted) {
        try {
          const place = await this.#align(epoch);
          if (await this.#publishFrom(place, signal)) backoff.reset();
        } catch (error) {
          if (error instanceof StaleLeaderError) {
            this.#notice('warn', `gives up leading: ${error.message}`);
            return;
          }
          this.#wait(error);
        }
        if (this.#progress.status().reason !== null) await backoff.wait(250, signal);
      }
    } finally {
      this.#progress.enter('standby');
    }
  }

  async #align(epoch: number): Promise<RelayPlace> {
    const place = await alignStream(this.#options, epoch, this.#suspect);
    this.#suspect = null;
    if (place.refilled !== null) {
      this.#progress.rebuilding();
      this.#notice('warn', `EVENTS is filled again from position ${place.position + 1}: ${place.refilled}`);
      this.#options.fault?.('relay.after-purge');
    }
    return place;
  }

  /** @returns whether the pipeline stood until the next comparison was due. */
  async #publishFrom(place: RelayPlace, signal: AbortSignal): Promise<boolean> {
    const { link, fault, compareEveryMs = 10_000, windowMessages = 1024 } = this.#options;
    const pipeline = new EventPipeline({
      link,
      lastSequence: place.sequence,
      rebuildEpoch: place.rebuildEpoch,
      maxMessages: windowMessages,
      timeoutMs: 3000,
      onStored: (position) => this.#progress.stored(position),
      ...(fault === undefined ? {} : { fault }),
    });
    this.#progress.startAt(place.position, place.head);
    this.#progress.enter('publishing');
    try {
      await this.#pump(place, pipeline, signal, Date.now() + compareEveryMs);
    } finally {
      await pipeline.drain();
    }
    if (pipeline.failure === null) return true;
    const { position, reason, duplicate } = pipeline.failure;
    if (duplicate) this.#suspect = reason;
    this.#progress.broke(`publishing stopped at position ${position}: ${reason}`);
    this.#notice('warn', `publishing stopped at position ${position}: ${reason}`);
    return false;
  }

  async #pump(place: RelayPlace, pipeline: EventPipeline, signal: AbortSignal, until: number): Promise<void> {
    const { log, link, dataref, pollMs = 50, readEntries = 512 } = this.#options;
    const { incarnation } = place;
    let { position } = place;
    const pace = new Pace(READS_APART_MS);
    while (!signal.aborted && pipeline.failure === null && Date.now() < until) {
      const woken = this.#wakeUp.heard();
      const entries = await log.readAll(position, readEntries);
      this.#progress.read(entries);
      if (entries.length === readEntries) this.#progress.sawHead((await log.head()).position);
      if (!(await pipeline.send(messagesOf(entries, position, signal, { incarnation, maxPayload: link.maxPayload, dataref })))) return;
      position = entries.at(-1)?.position ?? position;
      if (entries.length === 0) await this.#wakeUp.wait(woken, pollMs, signal);
      if (entries.length < readEntries) await pace.turn(signal);
    }
  }

  #wait(error: unknown): void {
    if (error instanceof StreamAheadError) {
      if (this.#progress.status().phase !== 'ahead') this.#notice('error', `the relay stops: ${error.message}`);
      this.#progress.enter('ahead', error.message);
    } else if (error instanceof UnavailableError) {
      this.#notice('warn', `the relay waits: ${error.message}`);
      this.#progress.enter('waiting', error.message);
    } else {
      throw error;
    }
  }

  #notice(level: 'info' | 'warn' | 'error', message: string): void {
    this.#options.onNotice?.(level, message);
  }
}

/** Made one by one as they are sent, and no more once the signal has come. @throws RangeError where a position is missing. */
function* messagesOf(entries: readonly LogEntry[], after: number, signal: AbortSignal, options: EventMessageOptions): Generator<EventMessage> {
  let expected = after;
  for (const entry of entries) {
    expected += 1;
    if (entry.position !== expected) throw new RangeError(`the log holds position ${entry.position} after ${expected - 1}`);
    if (signal.aborted) return;
    yield toEventMessage(entry, options);
  }
}

/** Commits come by the hundred a second; their entries are read together. */
const READS_APART_MS = 30;
