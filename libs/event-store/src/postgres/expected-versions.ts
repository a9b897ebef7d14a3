import type { ExpectedVersion } from '@clientele/contracts';
import type { PreparedUnit } from '../prepared-unit.ts';

/** How `clientele.append_group` is told what to expect. */
export function expectation(expected: ExpectedVersion): number {
  if (typeof expected === 'number') return expected;
  return { none: 0, any: -1, exists: -2 }[expected];
}

/** Whether the versions after the writes are known beforehand; else the function has to look first. */
export function expectsVersions(units: readonly PreparedUnit[]): boolean {
  return units.every(({ unit }) => unit.writes.every(({ expectedVersion }) => expectation(expectedVersion) >= 0));
}
