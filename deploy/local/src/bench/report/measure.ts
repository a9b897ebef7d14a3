import type { Figure } from '../figure.ts';

/** What issue and design ask of a figure: of the figure itself, or of its ratio to the floor. */
export interface Target {
  readonly of: 'figure' | 'ratio';
  readonly is: 'at least' | 'below';
  readonly value: number;
}

/** One line of the table. */
export interface Measure {
  readonly name: string;
  readonly figure: number;
  readonly unit: string;
  /** What the ground under it gives; null where nothing compares. */
  readonly floor: { readonly name: string; readonly figure: number } | null;
  readonly target: Target | null;
}

export function measureOf({ name, figure, unit, floor, floorName, target }: Figure): Measure {
  return { name, figure, unit, floor: { name: floorName, figure: floor }, target: target === undefined ? null : { of: 'ratio', is: 'at least', value: target } };
}

/** Figure to floor; null where there is no floor. */
export function ratioOf({ figure, floor }: Measure): number | null {
  return floor === null || floor.figure === 0 ? null : figure / floor.figure;
}

/** Whether the target was reached; null where there is none, or nothing to compare it with. */
export function isReached(measure: Measure): boolean | null {
  if (measure.target === null) return null;
  const { of, is, value } = measure.target;
  const reached = of === 'figure' ? measure.figure : ratioOf(measure);
  if (reached === null) return null;
  return is === 'at least' ? reached >= value : reached < value;
}
