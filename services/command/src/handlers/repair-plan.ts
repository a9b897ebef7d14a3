import { hash } from 'node:crypto';
import type { ProcessCrmEvent } from '@clientele/contracts';
import { clockTime } from '@clientele/domain';
import type { NewPlan } from '@clientele/event-store';
import type { EntityGap } from '@clientele/providers';

/** Reads all records of the entity again. The same gap, however often it is decided, is one plan. */
export function planRepair({ source, entity, clock, detail }: EntityGap, { commandId, provider }: Pick<ProcessCrmEvent, 'commandId' | 'provider'>): NewPlan {
  return {
    id: uuidOf(`repair\n${commandId}`), kind: 'repair', source, provider, entity, cause: commandId,
    params: { since: clockTime(clock), detail }, requestedBy: 'feed',
  };
}

/** A UUID (version 8) that is the same for the same text. */
export function uuidOf(text: string): string {
  const hex = hash('sha256', text, 'hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
