/** A share with its bounds, 0 to 1. */
export interface Estimate {
  readonly score: number;
  readonly low: number;
  readonly high: number;
}

/** Standard deviations on either side that hold 95 %. */
const Z = 1.959964;

/**
 * The share of drifted records that a sample shows, and where that of all records lies with 95 % confidence (Wilson's interval, which is
 * sound for small samples and shares near 0). Null of an empty sample.
 */
export function estimate(drifted: number, compared: number): Estimate | null {
  if (compared === 0) return null;
  const score = drifted / compared;
  const scale = 1 + Z ** 2 / compared;
  const middle = (score + Z ** 2 / (2 * compared)) / scale;
  const half = (Z / scale) * Math.sqrt((score * (1 - score)) / compared + Z ** 2 / (4 * compared ** 2));
  return { score, low: drifted === 0 ? 0 : Math.max(0, middle - half), high: drifted === compared ? 1 : Math.min(1, middle + half) };
}
