/**
 * When a change was made, by the source's own account. Order is lexicographic over (commit time, commit number, sequence number,
 * change id) and always total; arrival never counts.
 */
export interface ClockParts {
  /** Milliseconds since 1970, UTC; 0 to 999 999 999 999 999. */
  readonly commitTime: number;
  /** The source's commit number, decimal digits of an unsigned 64-bit integer; `0` where the source has none. */
  readonly commitNumber: string;
  /** Position inside the transaction, 0 to 2^53 - 1; 0 where the source has none. */
  readonly sequenceNumber: number;
  readonly changeId: string;
}

declare const clock: unique symbol;

/** The four parts, zero-padded and joined, so that comparing two clocks is comparing two strings by code unit. */
export type Clock = string & { readonly [clock]: true };

const SHAPE = /^\d{15}\.\d{20}\.\d{16}\./;
const WIDTHS = { commitTime: 15, commitNumber: 20, sequenceNumber: 16 } as const;

/** Whether a text, for example a stored one, is a clock. */
export function isClock(text: string): text is Clock {
  return SHAPE.test(text);
}

/** @throws RangeError when a part is not a non-negative integer of its range. */
export function clockOf(parts: ClockParts): Clock {
  const time = digits('commitTime', String(parts.commitTime));
  const number = digits('commitNumber', parts.commitNumber);
  const sequence = digits('sequenceNumber', String(parts.sequenceNumber));
  const clock = `${time}.${number}.${sequence}.${parts.changeId}`;
  if (!isClock(clock)) throw new RangeError(`not a clock: ${clock}`);
  return clock;
}

export function clockParts(of: Clock): ClockParts {
  const [time = '', number = '', sequence = ''] = of.split('.', 3);
  return {
    commitTime: Number(time),
    commitNumber: number.replace(/^0+(?=\d)/, ''),
    sequenceNumber: Number(sequence),
    changeId: of.slice(time.length + number.length + sequence.length + 3),
  };
}

/** The commit time of a clock, milliseconds since 1970. */
export function commitTime(of: Clock): number {
  return Number(of.slice(0, WIDTHS.commitTime));
}

/** The commit time of a clock, RFC 3339 UTC with milliseconds. */
export function clockTime(of: Clock): string {
  return new Date(commitTime(of)).toISOString();
}

export function isLater(candidate: Clock, than: Clock | null): boolean {
  return than === null || candidate > than;
}

function digits(part: keyof typeof WIDTHS, text: string): string {
  const width = WIDTHS[part];
  if (!/^\d+$/.test(text) || text.length > width) throw new RangeError(`${part} is not a non-negative integer of at most ${width} digits: ${text}`);
  return text.padStart(width, '0');
}
