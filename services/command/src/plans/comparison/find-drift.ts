import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordState } from '@clientele/domain';
import type { Reading } from '@clientele/providers';
import { isAnswer, type Answer } from '../../reading/record-read-command.ts';
import { causeOf, differenceOf, isRecent, systematicPaths, type DriftCause, type Difference } from './compare-record.ts';

export interface Drift {
  readonly reading: Answer;
  readonly cause: DriftCause;
}

export interface CompareOptions {
  /** What we hold of these by now; an unknown record is absent. */
  readonly again: (externalIds: readonly string[]) => Promise<ReadonlyMap<string, RecordState>>;
  readonly signal: AbortSignal;
  /** How long a change that was just made may take to arrive (default 2 s). */
  readonly graceMs?: number;
}

const GRACE_MS = 2_000;

/**
 * What of the readings is not as we hold it. Where a difference may come of a change that is on its way, it is given a moment, once for
 * all of them, and compared again.
 */
export async function findDrift(readings: readonly Reading[], held: ReadonlyMap<string, RecordState>, options: CompareOptions): Promise<Drift[]> {
  const { again, signal, graceMs = GRACE_MS } = options;
  const told = readings.filter(isAnswer);
  let differences = compare(told, held);
  const recent = differences.filter(isRecent);
  if (recent.length > 0) {
    await sleep(graceMs, undefined, { signal });
    const now = await again(recent.map(({ reading }) => reading.id));
    differences = [...differences.filter((difference) => !isRecent(difference)), ...compare(recent.map(({ reading }) => reading), now)];
  }
  const systematic = systematicPaths(differences, told.length);
  return differences.map((difference) => ({ reading: difference.reading, cause: causeOf(difference, systematic) }));
}

function compare(readings: readonly Answer[], held: ReadonlyMap<string, RecordState>): Difference[] {
  return readings.flatMap((reading) => differenceOf(reading, held.get(reading.id) ?? null) ?? []);
}
