import type { RecordKey } from '@clientele/domain';
import { keyText } from '../event-store.ts';
import type { PreparedRead, PreparedReading } from '../prepared-requests.ts';

/** A read that is wanted, as the table of reads holds it. */
export interface WantedRead extends RecordKey {
  readonly provider: string;
  readonly reason: string;
  /** Its place among `READ_LANES`. */
  readonly lane: number;
  readonly since: string;
  readonly notBefore: Date;
  readonly requestedAt: Date;
}

/** However often it is asked for, a read is put off by no more than this. */
const LONGEST_DELAY_MS = 60_000;

/** The table of reads, of which none is ever taken: they go when a reading answers them. */
export class MemoryReads {
  readonly #wanted = new Map<string, WantedRead>();

  ask(asked: readonly PreparedRead[], now: Date): void {
    const records = new Map<string, PreparedRead[]>();
    for (const read of asked) records.set(keyText(read.row), [...(records.get(keyText(read.row)) ?? []), read]);
    for (const [key, reads] of records) {
      const known = this.#wanted.get(key);
      const read = merged(reads, now);
      this.#wanted.set(key, known === undefined ? read : later(known, read));
    }
  }

  answer(readings: readonly PreparedReading[]): void {
    for (const { row, from } of readings) {
      const wanted = this.#wanted.get(keyText(row));
      if (wanted !== undefined && wanted.since < from) this.#wanted.delete(keyText(row));
    }
  }

  all(): readonly WantedRead[] {
    return [...this.#wanted.values()];
  }
}

function merged(reads: readonly PreparedRead[], now: Date): WantedRead {
  const bySince = [...reads].sort((a, b) => (a.row.since < b.row.since ? 1 : -1));
  const [latest] = bySince;
  const [urgent] = [...bySince].sort((a, b) => a.lane - b.lane);
  if (latest === undefined || urgent === undefined) throw new TypeError('no reads to merge');
  const { source, entity, externalId, provider, since } = latest.row;
  return {
    source, entity, externalId, provider, since, reason: urgent.row.reason, lane: urgent.lane, notBefore: new Date(latest.notBefore), requestedAt: now,
  };
}

function later(known: WantedRead, asked: WantedRead): WantedRead {
  const isLater = asked.since > known.since;
  const isMoreUrgent = asked.lane < known.lane || (asked.lane === known.lane && isLater);
  if (!isLater && !isMoreUrgent) return known;
  const putOffTo = Math.min(asked.notBefore.getTime(), known.requestedAt.getTime() + LONGEST_DELAY_MS);
  return {
    ...known, provider: asked.provider, since: isLater ? asked.since : known.since,
    ...(isMoreUrgent ? { reason: asked.reason, lane: asked.lane } : {}),
    notBefore: isLater ? new Date(Math.max(known.notBefore.getTime(), putOffTo)) : known.notBefore,
  };
}
