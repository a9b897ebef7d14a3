/**
 * The smallest of the values that at least `share` (0 to 1) of them do not exceed.
 * @throws RangeError where there is none.
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  const found = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (found === undefined) throw new RangeError('a percentile of nothing');
  return found;
}
