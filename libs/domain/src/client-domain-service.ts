import { determineEventType } from './deciding/determine-event-type.ts';
import { handleMissingCreate } from './deciding/handle-missing-create.ts';
import { processCrmEvent } from './deciding/process-crm-event.ts';
import { processRecordRead } from './deciding/process-record-read.ts';
import { shouldBroadcast } from './deciding/should-broadcast.ts';
import { validateEventSequence } from './deciding/validate-event-sequence.ts';
import { validateStatus } from './deciding/validate-status.ts';

export type { CompleteState } from './deciding/handle-missing-create.ts';
export type { DecidedEvent, Decision } from './deciding/decision.ts';
export type { Broadcast, BroadcastReason } from './deciding/should-broadcast.ts';
export { EventSequenceError } from './deciding/validate-event-sequence.ts';

/** What the business decides about records: pure functions, no state of their own. */
export const ClientDomainService = Object.freeze({
  processCrmEvent,
  processRecordRead,
  determineEventType,
  validateEventSequence,
  validateStatus,
  shouldBroadcast,
  handleMissingCreate,
});
export type ClientDomainService = typeof ClientDomainService;
