import type { RecordChanged } from '../event.ts';
import type { Finding } from '../finding.ts';
import { hasSeen, isLaterRead } from '../read.ts';
import type { LatestRead, RecordState } from '../record.ts';
import { isLater } from '../clock.ts';
import { readCountsAt, winsAt } from '../wins.ts';
import type { SequenceContext } from './contexts.ts';

/** What an event sets, it sets to a later clock than the one that stands, or by a look that counts before those that were. */
export function anEventMovesClocksForward({ event, history }: SequenceContext): Finding[] {
  if (!('fields' in event)) return [];
  const backwards = event.read === undefined ? setBack(event, history) : lookedBack(event, event.read, history);
  return backwards.map((path) => ({ path, code: 'clock_not_later', message: `${path} would be set to an older clock` }));
}

function setBack({ clock, floor, lifecycle, fields, diffs = [] }: RecordChanged, history: RecordState): string[] {
  const { read } = history;
  const lifecycleStands = isLater(clock, history.lifecycleClock) && (read === null || !hasSeen(read.mark, clock));
  return [
    ...(floor && !isLater(clock, history.floor) ? ['floor'] : []),
    ...(lifecycle !== null && !lifecycleStands ? ['lifecycle'] : []),
    ...[...fields, ...diffs].filter(({ path }) => !winsAt(path, clock, history)).map(({ path }) => `fields.${path}`),
  ];
}

function lookedBack({ fields, lifecycle }: RecordChanged, { mark }: LatestRead, history: RecordState): string[] {
  const { lifecycleClock } = history;
  const speaks = isLaterRead(mark, history.read?.mark ?? null) && (lifecycleClock === null || hasSeen(mark, lifecycleClock));
  return [
    ...(lifecycle !== null && !speaks ? ['lifecycle'] : []),
    ...fields.filter(({ path }) => !readCountsAt(path, mark, history)).map(({ path }) => `fields.${path}`),
  ];
}
