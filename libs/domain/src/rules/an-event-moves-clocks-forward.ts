import { isLater } from '../clock.ts';
import type { Finding } from '../finding.ts';
import type { SequenceContext } from './contexts.ts';

/** What an event sets, it sets to a later clock than the one that stands. */
export function anEventMovesClocksForward({ event, history }: SequenceContext): Finding[] {
  if (!('fields' in event)) return [];
  const { clock } = event;
  const findings: Finding[] = [];
  const back = (path: string): number => findings.push({ path, code: 'clock_not_later', message: `${path} would be set to an older clock` });
  if (event.floor && !isLater(clock, history.floor)) back('floor');
  if (event.lifecycle !== null && !isLater(clock, history.lifecycleClock)) back('lifecycle');
  for (const { path } of event.fields) {
    if (!isLater(clock, history.fields.get(path)?.clock ?? null) || (history.floor !== null && clock < history.floor)) back(`fields.${path}`);
  }
  return findings;
}
