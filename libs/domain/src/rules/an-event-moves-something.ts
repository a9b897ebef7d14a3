import type { Finding } from '../finding.ts';
import type { SequenceContext } from './contexts.ts';

/** A change that moves neither a value nor a clock makes no event. */
export function anEventMovesSomething({ event }: SequenceContext): Finding[] {
  if (!('fields' in event) || event.floor || event.lifecycle !== null || event.fields.length > 0) return [];
  return [{ path: '', code: 'moves_nothing', message: `${event.type} would move neither a value nor a clock` }];
}
