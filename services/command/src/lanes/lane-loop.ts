import type { FaultPoint, LaneFeed, LaneName } from '@clientele/contracts';
import type { LaneStore } from '@clientele/event-store';
import type { Lease, Logger } from '@clientele/service-kit';
import type { ErrorHandler } from '../errors/error-handler.ts';
import type { Batch } from '../pipeline/batch.ts';
import type { EventProcessingPipeline } from '../pipeline/pipeline.ts';
import { Backoff } from './backoff.ts';
import type { LaneBoard } from './lane-board.ts';
import { LaneSession } from './lane-session.ts';
import { laneWork } from './lane-work.ts';
import { Pace } from './pace.ts';

export interface LaneLoopParts {
  readonly feed: LaneFeed;
  readonly store: LaneStore;
  readonly pipeline: Pick<EventProcessingPipeline, 'process'>;
  readonly errors: ErrorHandler;
  readonly board: LaneBoard;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly faultPoint: FaultPoint;
  readonly now: () => Date;
  /** Most memory for the records that a lane keeps at hand. */
  readonly cacheBytes: number;
  /** Called after each commit. */
  readonly onCommit: (batch: Batch) => void;
  /** Between 0 and 1, for waits (default Math.random). */
  readonly random?: () => number;
  /** Called for a failure that is ours and concerns no single command. */
  readonly onBug: () => void;
}

/** Reads a lane as a log from its checkpoint and has it decided, unit by unit, for as long as the lease is ours. */
export class LaneLoop {
  readonly #parts: LaneLoopParts;

  constructor(parts: LaneLoopParts) {
    this.#parts = parts;
  }

  /** Returns when the lease ends, with the unit in hand finished, or when the lane is given up. */
  async run(lane: LaneName, { epoch, signal }: Pick<Lease, 'epoch' | 'signal'>): Promise<void> {
    const { board, cacheBytes, random } = this.#parts;
    const session = new LaneSession(lane, epoch, cacheBytes);
    const backoff = new Backoff(random);
    board.taken(lane, epoch);
    let isOurs = true;
    while (isOurs && !signal.aborted) {
      try {
        await this.#read(lane, session, signal, backoff);
      } catch (error) {
        isOurs = await this.#recover(error, lane, session, signal, backoff);
      }
    }
    board.left(lane);
  }

  async #read(lane: LaneName, session: LaneSession, signal: AbortSignal, backoff: Backoff): Promise<void> {
    const { store, feed, pipeline, board, now, faultPoint, onCommit } = this.#parts;
    session.resume(await store.laneCheckpoint(lane));
    board.resumed(lane);
    const pace = new Pace(TURNS_APART_MS);
    await pace.turn(signal);
    for await (const batch of feed.read(lane, session.position, { signal })) {
      faultPoint('lane.after-read');
      board.read(lane, batch);
      for (const work of laneWork(batch, session.numbers, now, { oneMessageAtATime: session.caution.oneMessageAtATime })) {
        const decided = await pipeline.process(session, work);
        session.keep(decided);
        backoff.reset();
        board.moved(lane, decided);
        onCommit(decided);
        if (signal.aborted) return;
      }
      if (batch.pending === 0) await pace.turn(signal);
    }
  }

  /** Whether the lane is still ours to read. */
  async #recover(error: unknown, lane: LaneName, session: LaneSession, signal: AbortSignal, backoff: Backoff): Promise<boolean> {
    const { logger, board, errors, onBug } = this.#parts;
    const disposition = errors.handleError(error, null);
    switch (disposition.kind) {
      case 'retry':
        await backoff.wait(RETRY_MS, signal);
        return true;
      case 'hold':
        if (disposition.reason === 'stale_lane') {
          logger.warn({ lane, epoch: session.epoch }, 'lane given up: another process moved it');
          return false;
        }
        if (disposition.reason === 'newer_schema') {
          logger.error({ err: error, lane }, 'lane given up to a newer version of this service');
          board.refuse(lane, messageOf(error));
          return false;
        }
        if (board.hold(lane, disposition.reason === 'unavailable' ? AWAY : messageOf(error))) logger.warn({ err: error, lane, reason: disposition.reason }, 'lane waits');
        await backoff.wait(disposition.retryAfterMs, signal);
        return true;
      case 'reject':
      case 'park':
        onBug();
        session.caution.failed(error);
        logger.error({ err: error, lane, position: session.position }, 'a bug stopped a unit of the lane; it is tried again');
        board.hold(lane, BUG);
        await backoff.wait(RETRY_MS, signal);
        return true;
    }
  }
}

const RETRY_MS = 250;
/** In place of messages that name users and addresses, or quote values: everybody may read why a lane stands still. */
const AWAY = 'the database or the broker is away, full or slow; the log of this service says more';
const BUG = 'a bug stopped a unit, which is tried again; the log of this service says more';
/** Far below what anybody notices, and enough for a few dozen changes to share a turn where there are many. */
const TURNS_APART_MS = 40;

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
