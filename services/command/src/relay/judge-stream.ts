import type { EventStreamState } from '@clientele/messaging';

export interface LogHead {
  readonly incarnation: string;
  readonly position: number;
}

/** What the relay does with the stream as it finds it. */
export type Verdict =
  /** Publish the entry after this position, behind this sequence. */
  | { readonly kind: 'continue'; readonly position: number; readonly sequence: number }
  /** It is no faithful copy of the log: empty it, and fill it again. */
  | { readonly kind: 'refill'; readonly reason: string }
  /** It knows more than the log: nobody but a person can say which of the two is right. */
  | { readonly kind: 'ahead'; readonly reason: string };

/** Above this share of its bytes a stream has lost its beginning by its own limit. */
const NEARLY_FULL = 0.9;

/**
 * Compares the stream with the log. `head` was read after `stream`. `beginsLate`: the log holds an entry inside the stream's age limit
 * that comes before the stream's first one.
 */
export function judgeStream(stream: EventStreamState, head: LogHead, beginsLate: boolean): Verdict {
  const { first, last, firstSequence, lastSequence, messages, maxBytes, bytes } = stream;
  if (messages === 0) {
    return beginsLate ? refill('it is empty') : { kind: 'continue', position: head.position, sequence: lastSequence };
  }
  if (first === null || last === null) return refill('it holds messages that no relay wrote');
  if (last.incarnation !== head.incarnation) return refill(`it is a copy of another log, ${last.incarnation}`);
  if (last.position > head.position) {
    const reason = `EVENTS ends with position ${last.position}, the log with ${head.position}, and both are of incarnation ${head.incarnation}: `
      + 'a database that was restored needs a new incarnation';
    return { kind: 'ahead', reason };
  }
  const span = lastSequence - firstSequence;
  if (stream.holes > 0 || messages !== span + 1) return refill('it has a hole');
  if (first.incarnation !== last.incarnation || last.position - first.position !== last.sequence - first.sequence) return refill('its positions are not dense');
  const byteLimited = maxBytes > 0 && bytes > maxBytes * NEARLY_FULL;
  if (beginsLate && !byteLimited) return refill(`it begins with position ${first.position}, its beginning is gone`);
  return { kind: 'continue', position: last.position, sequence: lastSequence };
}

function refill(reason: string): Verdict {
  return { kind: 'refill', reason };
}
