import type { Finding } from '../finding.ts';
import type { SequenceContext } from './contexts.ts';

/** A change that moves neither a value nor a clock makes no event; a look may move no more than itself. */
export function anEventMovesSomething({ event }: SequenceContext): Finding[] {
  if (!('fields' in event) || event.read !== undefined || event.floor || event.lifecycle !== null) return [];
  if (event.fields.length > 0 || (event.diffs ?? []).length > 0) return [];
  return [{ path: '', code: 'moves_nothing', message: `${event.type} would move neither a value nor a clock` }];
}
