import { doubtOf } from '../doubt.ts';
import type { Finding } from '../finding.ts';
import type { SequenceContext } from './contexts.ts';

/** A record is marked dirty for a gap or a doubt, and cleaned when there is none. */
export function doubtIsToldAsItIs({ event, history }: SequenceContext): Finding[] {
  if (event.type === 'MarkedDirty') return event.gap || doubtOf(history) !== null ? [] : [finding('dirty_without_doubt', 'MarkedDirty of a record that is not in doubt')];
  if (event.type === 'Cleaned') return doubtOf(history) === null ? [] : [finding('cleaned_in_doubt', 'Cleaned of a record that is in doubt')];
  return [];
}

function finding(code: string, message: string): Finding {
  return { path: '', code, message };
}
