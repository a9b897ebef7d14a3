import { BehindRetentionError, type FeedBatch, type FeedPosition, type FeedReadOptions, type LogEntry } from '@clientele/contracts';
import { setTimeout as delay } from 'node:timers/promises';

/** One look at the log, all from one moment. It may hold fewer entries than were asked for though there are more, where they are large. */
export interface LogPage {
  readonly incarnation: string;
  readonly head: number;
  readonly entries: readonly LogEntry[];
}

export type ReadPage = (afterPosition: number, limit: number) => Promise<LogPage>;

const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 40;
/** Commits come by the hundred a second, and a reading costs much the same for one entry as for a hundred. */
const READS_APART_MS = 30;
const DEFAULT_ENTRIES = 500;

/**
 * Follows the log by looking again and again: at once where there is more than a page, 30 ms after the last look where there was something,
 * else after 5 ms, twice as long each time up to 40 ms.
 * @throws BehindRetentionError where `after` is a place in another incarnation of the log.
 */
export async function* pollLog(read: ReadPage, after: FeedPosition, options: FeedReadOptions): AsyncGenerator<FeedBatch> {
  const { signal, maxEntries = DEFAULT_ENTRIES } = options;
  let { position } = after;
  let pause = SHORTEST_PAUSE_MS;
  let limit = maxEntries;
  while (!signal.aborted) {
    const begun = performance.now();
    const { incarnation, head, entries } = await read(position, limit);
    if (after.incarnation !== null && after.incarnation !== incarnation) {
      throw new BehindRetentionError(`position ${position} is one of the log ${after.incarnation}; this log is ${incarnation}`);
    }
    const last = entries.at(-1);
    if (last === undefined) {
      await sleep(pause, signal);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      continue;
    }
    yield { incarnation, entries, head };
    position = last.position;
    pause = SHORTEST_PAUSE_MS;
    // What is large is asked for in small numbers, for the log looks at all that is asked for.
    const isCut = entries.length < limit && position < head;
    limit = isCut ? entries.length + 1 : Math.min(2 * limit, maxEntries);
    if (position >= head) await sleep(begun + READS_APART_MS - performance.now(), signal);
  }
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (ms < 1) return;
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
