import { clockTime } from '../clock.ts';
import type { Finding } from '../finding.ts';
import type { ChangeContext } from './contexts.ts';

/** A change is later than everything that is known of its record. */
export function eventOrdering({ change, state }: ChangeContext): Finding[] {
  const newest = newestClock(state);
  if (newest === null || change.clock >= newest) return [];
  const message = `Made at ${clockTime(change.clock)}, and arrived after a change made at ${clockTime(newest)}`;
  return [{ path: '', code: 'arrived_late', message }];
}

function newestClock({ fields, lifecycleClock, floor }: ChangeContext['state']): ChangeContext['change']['clock'] | null {
  let newest = lifecycleClock !== null && (floor === null || lifecycleClock > floor) ? lifecycleClock : floor;
  for (const { clock } of fields.values()) if (newest === null || clock > newest) newest = clock;
  return newest;
}
