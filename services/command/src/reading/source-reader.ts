import { setTimeout as sleep } from 'node:timers/promises';
import { READ_LANES, type ReadLane, type Rescheduled, type TakenRead } from '@clientele/event-store';
import type { Logger } from '@clientele/service-kit';
import type { ReadableSource } from '../sources/source-book.ts';
import { readFailure, type ReadFailure } from './read-failures.ts';
import type { ReadMetrics } from './read-metrics.ts';
import { AllowedLanes } from './allowed-lanes.ts';
import { isLetGo } from './held-back.ts';
import { groupsOf, type ReadGroup } from './read-groups.ts';
import type { ReaderBoard } from './reader-board.ts';
import { ReaderTells } from './reader-tells.ts';
import { ReaderFencedError, type ReadingPublisher } from './reading-publisher.ts';
import { RecordLooks } from './record-looks.ts';
import { unseenAgain } from './unseen-records.ts';

/** The wanted reads of one source. */
export interface ReadQueue {
  take(lanes: readonly ReadLane[], limit: number): Promise<readonly TakenRead[]>;
  putBack(reads: readonly Rescheduled[]): Promise<unknown>;
}

export interface SourceReaderOptions {
  readonly source: ReadableSource;
  readonly queue: ReadQueue;
  readonly publisher: ReadingPublisher;
  readonly board: ReaderBoard;
  readonly metrics: ReadMetrics;
  readonly logger: Logger;
  readonly now: () => Date;
  /** Called for what nobody expected. */
  readonly onBug: () => void;
}

/** Few enough that what is urgent never waits long behind them. */
const BATCH = 200;
const IDLE_MS = 500;
const HOLD_MS = 1_000;
const PUT_BACK_MS = 5_000;
const BUG_MS = 600_000;

/**
 * Reads what is wanted of one source, batch by batch, the most urgent first. Whatever goes wrong, what was taken is put back; what could not
 * even be put back is due again after some minutes. Holds one batch in memory, in answers of bounded size.
 */
export class SourceReader {
  readonly #options: SourceReaderOptions;
  readonly #looks: RecordLooks;
  readonly #lanes: AllowedLanes;
  readonly #tells: ReaderTells;
  #failures = 0;
  /** Why it pauses. */
  #pausedBy: unknown = null;

  constructor(options: SourceReaderOptions) {
    this.#options = options;
    const { source, board, logger, now } = options;
    this.#looks = new RecordLooks(source, now);
    this.#lanes = new AllowedLanes(source.quota, now);
    this.#tells = new ReaderTells(source.id, board, logger);
  }

  /** Reads until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { source, board } = this.#options;
    this.#tells.works('reading');
    try {
      while (!signal.aborted) await rest(await this.#turn(signal), signal);
    } finally {
      board.set(source.id, { kind: 'elsewhere' });
    }
  }

  /** Answers how long to rest, ms. */
  async #turn(signal: AbortSignal): Promise<number> {
    const { queue, board, source, now } = this.#options;
    const { state: before } = board.of(source.id);
    if ('until' in before && before.until > now()) {
      if (!isLetGo(this.#pausedBy, source.records)) return Math.min(IDLE_MS, before.until.getTime() - now().getTime());
      this.#failures = 0;
      this.#tells.works('reading');
    }
    const { state } = board.of(source.id);
    try {
      const lanes = await this.#lanes.get();
      if (state.kind === 'reading' || state.kind === 'saving') this.#tells.works(lanes.length < READ_LANES.length ? 'saving' : 'reading');
      if (lanes.length === 0) return IDLE_MS;
      const reads = await queue.take(lanes, BATCH);
      if (state.kind === 'holding') this.#tells.works('reading');
      await this.#readAll(groupsOf(reads), signal);
      return reads.length === 0 ? IDLE_MS : 0;
    } catch (error) {
      this.#tells.holds(readFailure(error, 0, now()).reason);
      return HOLD_MS;
    }
  }

  /** In their order, as far as the source can be asked; the rest is put back. */
  async #readAll(groups: readonly ReadGroup[], signal: AbortSignal): Promise<void> {
    let left = groups;
    let goesOn = true;
    try {
      while (goesOn && left.length > 0) {
        const [group] = left;
        left = left.slice(1);
        if (group !== undefined) goesOn = await this.#read(group, signal);
      }
    } finally {
      await this.#putBack(left.flatMap(({ reads }) => reads), 'the source could not be read', 0);
    }
  }

  /** Answers whether the source may be asked on. */
  async #read(group: ReadGroup, signal: AbortSignal): Promise<boolean> {
    const { source, publisher, queue, board, metrics, now } = this.#options;
    try {
      if (!(await source.quota.spend(group.lane, 1))) return await this.#save(group);
      const { answers, unseen } = await this.#looks.take(group);
      await publisher.publish({ source: source.id, provider: source.provider }, answers);
      const again = unseen.map(({ read, why }) => unseenAgain(read, why, now()));
      await queue.putBack(again);
      metrics.read(source.id, answers.length, again);
      this.#failures = 0;
      board.read(source.id, now());
      if (board.of(source.id).state.kind !== 'saving') this.#tells.works('reading');
      return true;
    } catch (error) {
      return await this.#failed(error, group, signal);
    }
  }

  /** What is more urgent goes on, in a batch without these. */
  async #save({ reads }: ReadGroup): Promise<boolean> {
    this.#lanes.forget();
    await this.#putBack(reads, 'what these reads may spend of the quota is used up');
    return true;
  }

  async #failed(error: unknown, group: ReadGroup, signal: AbortSignal): Promise<boolean> {
    const { logger, source, now, onBug } = this.#options;
    const isFenced = error instanceof ReaderFencedError;
    if (isFenced || signal.aborted) {
      await this.#putBack(group.reads, 'the reader stopped', 0);
      if (isFenced) throw error;
      return false;
    }
    let failure: ReadFailure;
    try {
      failure = readFailure(error, this.#failures, now());
    } catch {
      onBug();
      logger.error({ err: error, source: source.id, entity: group.entity, records: group.reads.length }, 'a bug kept records from being read');
      await this.#putBack(group.reads, String(error), BUG_MS);
      return true;
    }
    switch (failure.kind) {
      case 'pause':
        this.#failures += 1;
        this.#pausedBy = error;
        this.#tells.pauses(failure);
        await this.#putBack(group.reads, failure.reason, 0);
        return false;
      case 'hold':
        await this.#putBack(group.reads, failure.reason);
        this.#tells.holds(failure.reason);
        await rest(HOLD_MS, signal);
        return false;
      case 'refused':
        return await this.#refused(failure, group, signal);
    }
  }

  /** One bad record must not keep the others of its batch from being read. */
  async #refused({ reason, forGood }: Extract<ReadFailure, { kind: 'refused' }>, group: ReadGroup, signal: AbortSignal): Promise<boolean> {
    const { queue, metrics, source, logger, now } = this.#options;
    const { reads } = group;
    if (forGood && reads.length > 1) {
      const half = Math.ceil(reads.length / 2);
      return (await this.#read({ ...group, reads: reads.slice(0, half) }, signal)) && (await this.#read({ ...group, reads: reads.slice(half) }, signal));
    }
    logger.warn({ source: source.id, entity: group.entity, reason, records: reads.length }, 'records cannot be read');
    const again = reads.map((read) => ({ ...unseenAgain(read, reason, now()), ...(forGood ? { giveUp: true } : {}) }));
    await queue.putBack(again);
    metrics.read(source.id, 0, again);
    return true;
  }

  /** Failures that say nothing of a record do not count among its attempts. */
  async #putBack(reads: readonly TakenRead[], error: string, afterMs = PUT_BACK_MS): Promise<void> {
    if (reads.length === 0) return;
    const { queue, now, source, logger } = this.#options;
    const notBefore = new Date(now().getTime() + Math.max(0, afterMs));
    try {
      await queue.putBack(reads.map((read) => ({ read, notBefore, error, attempts: read.attempts - 1 })));
    } catch (failure) {
      logger.warn({ err: failure, source: source.id, records: reads.length }, 'reads could not be put back; they are due again by themselves');
    }
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
