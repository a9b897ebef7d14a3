import { BehindRetentionError, type FeedPosition } from '@clientele/contracts';
import type { NatsLink } from '../connection/nats-link.ts';
import { firstMessage, storedPlace } from '../event-stream/event-stream.ts';
import { ReadBreak } from '../reading/read-break.ts';
import type { StreamStatus } from '../topology/stream-status.ts';

/** Where the log ends, asked of the log itself. */
export type LogHead = () => Promise<{ readonly incarnation: string; readonly position: number }>;

export interface StartOptions {
  /** By how many entries the stream may be behind the place. */
  readonly mostBehind: number;
  /** Without it an empty stream is taken for one that nothing is missing from. */
  readonly head?: LogHead | undefined;
}

/**
 * The sequence of the entry that follows `place`: positions are dense, so the stream's first message tells it. An empty stream says
 * nothing of the log, which may have entries that left it: the log is asked, and if it has none either, it is the next one that comes.
 * @throws BehindRetentionError when the stream does not hold it, and will not soon.
 * @throws ReadBreak when its messages went while it was looked at.
 */
export async function startOf(link: NatsLink, place: FeedPosition, status: StreamStatus, { mostBehind, head }: StartOptions): Promise<number> {
  if (status.messages === 0) {
    await requireReadUp(place, head);
    return status.lastSequence + 1;
  }
  const message = await firstMessage(link, status.firstSequence);
  if (message === null) throw new ReadBreak('the messages of the stream went while it was looked at');
  const first = storedPlace(message);
  if (first === null) throw new BehindRetentionError('the stream holds messages that no relay wrote');
  if (place.incarnation !== null && first.incarnation !== place.incarnation) throw new BehindRetentionError('the stream is of another log');
  const ahead = place.position + 1 - first.position;
  if (ahead < 0) throw new BehindRetentionError(`the stream begins with position ${first.position}, ${place.position + 1} is asked for`);
  const start = first.sequence + ahead;
  const missing = start - (status.lastSequence + 1);
  if (missing > mostBehind) throw new BehindRetentionError(`the stream is ${missing} entries behind position ${place.position}`);
  return start;
}

async function requireReadUp(place: FeedPosition, head: LogHead | undefined): Promise<void> {
  if (head === undefined) return;
  const { incarnation, position } = await head();
  if (place.incarnation !== null && place.incarnation !== incarnation) throw new BehindRetentionError('the stream is empty, and the log is another');
  if (position > place.position) throw new BehindRetentionError(`the stream is empty, and the log holds position ${place.position + 1}`);
}
