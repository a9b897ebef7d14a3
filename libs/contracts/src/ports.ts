import type { Command } from './command.ts';
import type { LaneName } from './lane.ts';
import type { LogEntry } from './log-entry.ts';

/** Sends commands to their lanes. */
export interface EventDispatcher {
  /**
   * Resolves when every command is on the broker's disk.
   * @throws UnavailableError when that could not be had in time: some of them may be stored all the same; the caller's repeat completes it.
   */
  dispatch(commands: readonly Command[]): Promise<void>;
}

/** A place in a lane: the creation time of the stream that holds it, and the sequence of its last message that was decided. */
export interface LanePosition {
  readonly incarnation: string;
  readonly sequence: number;
}

export interface LaneMessage {
  readonly sequence: number;
  readonly data: Uint8Array;
}

export interface LaneBatch {
  readonly incarnation: string;
  /** One or more, sequences rising; all messages of the lane between the asked-for place and the last one here. */
  readonly messages: readonly LaneMessage[];
  /** Messages of the lane behind this batch that the broker holds, as far as known. */
  readonly pending: number;
}

/** Reads a lane as a log. */
export interface LaneFeed {
  /**
   * Every message after `after`, in order, each once; from the first one where `after` is null, of another incarnation, or beyond the
   * end of the stream. Goes on across lost connections and a recreated stream; ends when `signal` aborts. Batches are read ahead only
   * within a bound, and none is lost when the consumer is slow.
   */
  read(lane: LaneName, after: LanePosition | null, options: LaneReadOptions): AsyncIterable<LaneBatch>;
}

export interface LaneReadOptions {
  readonly signal: AbortSignal;
  /** Most messages in a batch (default 64). */
  readonly maxMessages?: number;
}

/** A place in the event log: the log's incarnation and the position of the last entry that was taken; 0 before the first. */
export interface FeedPosition {
  readonly incarnation: string | null;
  readonly position: number;
}

export interface FeedBatch {
  readonly incarnation: string;
  /** One or more, positions dense and rising. */
  readonly entries: readonly LogEntry[];
  /** The newest position that the feed knows of. */
  readonly head: number;
}

/** Reads the event log, wherever a copy of it is. */
export interface EventFeed {
  /**
   * Every entry after `after`, in order, each once, without a hole; waits for new ones; ends when `signal` aborts.
   * @throws BehindRetentionError when the copy no longer (or not yet) holds the entry that follows `after`.
   */
  read(after: FeedPosition, options: FeedReadOptions): AsyncIterable<FeedBatch>;
}

export interface FeedReadOptions {
  readonly signal: AbortSignal;
  /** Most entries in a batch (default 500). */
  readonly maxEntries?: number;
}

/** Called at every point where a crash must lose nothing; does nothing but in the tests that kill the process there. */
export type FaultPoint = (name: string) => void;
export const noFault: FaultPoint = () => {};
