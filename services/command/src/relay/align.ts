import { UnavailableError } from '@clientele/contracts';
import type { EventStream, EventStreamState } from '@clientele/messaging';
import { judgeStream, type LogHead } from './judge-stream.ts';
import type { RelayLog, RelayState } from './relay-log.ts';
import { firstPositionSince, hasEntrySince } from './retention.ts';

export interface AlignParts {
  readonly log: RelayLog;
  readonly stream: EventStream;
  readonly state: RelayState;
}

/** Where publishing goes on: after this position of the log, behind this sequence of the stream. */
export interface RelayPlace extends LogHead {
  readonly sequence: number;
  readonly rebuildEpoch: number;
  readonly head: number;
  /** Why the stream was emptied to be filled again; null where it was a faithful copy. */
  readonly refilled: string | null;
}

/** The stream holds what the log does not: nothing may be published before a person has settled it. */
export class StreamAheadError extends Error {
  override readonly name = 'StreamAheadError';
}

/**
 * Compares the stream with the log, and empties one that is no faithful copy. `suspect`: a reason to take it for none in any case.
 * @throws StreamAheadError, StaleLeaderError, UnavailableError
 */
export async function alignStream(parts: AlignParts, leaseEpoch: number, suspect: string | null): Promise<RelayPlace> {
  const { log, stream, state } = parts;
  const found = await presentState(stream);
  // After the stream's end, so that entries committed meanwhile are not taken for missing.
  const head = await log.head();
  const since = retentionStart(found.maxAgeMs);
  const beginsLate = await hasEntrySince(log, found.first?.position ?? head.position + 1, since);
  const verdict = judgeStream(found, head, beginsLate);
  if (verdict.kind === 'ahead') throw new StreamAheadError(verdict.reason);
  if (verdict.kind === 'continue' && suspect === null) {
    const { position, sequence } = verdict;
    const rebuildEpoch = await state.recordPublished(leaseEpoch, position);
    return { incarnation: head.incarnation, position, sequence, rebuildEpoch, head: head.position, refilled: null };
  }
  // The fence comes before the purge: a leader that was frozen meanwhile must not empty what its successor fills.
  const rebuildEpoch = await state.beginRebuild(leaseEpoch);
  await stream.purge();
  const first = await firstPositionSince(log, head.position, since);
  const empty = await presentState(stream);
  if (empty.messages > 0) throw new UnavailableError('another process writes to the stream');
  return {
    incarnation: head.incarnation,
    position: first - 1,
    sequence: empty.lastSequence,
    rebuildEpoch,
    head: head.position,
    refilled: verdict.kind === 'refill' ? verdict.reason : suspect,
  };
}

async function presentState(stream: EventStream): Promise<EventStreamState> {
  const found = await stream.state();
  if (found !== null) return found;
  await stream.createMissing();
  const made = await stream.state();
  if (made === null) throw new UnavailableError('the stream went as soon as it was made');
  return made;
}

/**
 * Entries younger than the stream's age limit belong in it. A tenth of the limit, at most an hour, is left out: the broker's clock, by
 * which entries leave the stream, is not the database's, by which they are recorded.
 */
function retentionStart(maxAgeMs: number): Date {
  return maxAgeMs === 0 ? new Date(0) : new Date(Date.now() - maxAgeMs + Math.min(maxAgeMs / 10, 3_600_000));
}
