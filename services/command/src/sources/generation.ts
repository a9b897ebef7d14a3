/**
 * Of a source's commit numbers: how many digits they have. It grows by one now and then; by several at once where the source was moved to
 * other infrastructure, and then nothing that was counted before can be compared with what comes.
 */
export function generationOf(commitNumber: string): number | null {
  const { length } = commitNumber.replace(/^0+/, '');
  return length === 0 ? null : length;
}

const MOST_GROWTH = 2;

/** Whether a source whose numbers have become so many digits long was moved. */
export function isJump(from: number, to: number): boolean {
  return Math.abs(to - from) > MOST_GROWTH;
}
