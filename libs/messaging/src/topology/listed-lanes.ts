import { commandSubjects, OtherLanesError, STREAMS } from '@clientele/contracts';
import type { StreamStatus } from './stream-status.ts';

/** What is wrong where COMMANDS takes other lanes than these; null: nothing. */
export function otherLanes({ subjects }: Pick<StreamStatus, 'subjects'>, lanes: number): string | null {
  const wanted = new Set(commandSubjects(lanes));
  if (subjects.length === wanted.size && subjects.every((subject) => wanted.has(subject))) return null;
  return `LANES=${lanes} is not what the stream ${STREAMS.commands} takes (${subjects.join(', ')}): give every service the LANES of the migration, and run that`;
}

/** @throws OtherLanesError where COMMANDS takes other lanes than these. */
export function requireListedLanes(status: Pick<StreamStatus, 'subjects'>, lanes: number): void {
  const wrong = otherLanes(status, lanes);
  if (wrong !== null) throw new OtherLanesError(wrong);
}
