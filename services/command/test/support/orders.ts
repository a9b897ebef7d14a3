import { randomUUID } from 'node:crypto';
import type { DiscardParked, EditParked, EventWriteDTO, ProcessCrmEvent, RedriveParked } from '@clientele/contracts';
import { changeIdOf } from './commands.ts';

type Target = Pick<ProcessCrmEvent, 'commandId' | 'provider' | 'event'>;

function about({ commandId, provider, event }: Target) {
  return {
    schemaVersion: 1, commandId: changeIdOf(randomUUID()), target: commandId, provider, source: event.source, entity: event.entity,
    external_id: event.external_id ?? null, requestedBy: 'ada', redriveId: null, correlationId: 'correlation-order', receivedAt: new Date().toISOString(),
  };
}

export function redrive(target: Target): RedriveParked {
  return { type: 'RedriveParked', ...about(target) };
}

export function edit(target: Target, event: Partial<EventWriteDTO>, reason = 'mended'): EditParked {
  return { type: 'EditParked', ...about(target), event: { ...target.event, ...event }, reason };
}

export function discard(target: Target, reason = 'not worth it'): DiscardParked {
  return { type: 'DiscardParked', ...about(target), reason };
}
