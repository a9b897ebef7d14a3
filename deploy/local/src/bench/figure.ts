/** A measured figure beside what the ground under it gives, measured in the same run. */
export interface Figure {
  readonly name: string;
  readonly figure: number;
  /** For instance `events/s`. */
  readonly unit: string;
  readonly floor: number;
  readonly floorName: string;
  /** figure / floor. */
  readonly ratio: number;
  /** What the ratio must reach. */
  readonly target?: number;
}

export function figure(line: Omit<Figure, 'ratio'>): Figure {
  return { ...line, ratio: line.figure / line.floor };
}

/** The middle one: a neighbour that disturbs one round does not move it. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
