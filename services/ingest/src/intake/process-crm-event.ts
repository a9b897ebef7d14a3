import type { ProcessCrmEvent } from '@clientele/contracts';
import type { TakenChange } from '@clientele/providers';

/** The command that has one change decided. */
export function processCrmEvent({ write, rawEvent }: TakenChange, receivedAt: string): ProcessCrmEvent {
  return {
    type: 'ProcessCrmEvent',
    schemaVersion: 1,
    commandId: write.id,
    provider: write.provider,
    event: write,
    rawEvent,
    correlationId: write.metadata.correlation_id,
    receivedAt,
  };
}
