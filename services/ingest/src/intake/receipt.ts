import { encodeWrite, EventReadDTO, type EventWriteDTO } from '@clientele/contracts';
import { Type, type Static } from '@sinclair/typebox';
import type { Receipt } from './intake.ts';

/** What is answered where a body was kept because no configured source is its sender. */
export const QuarantineReceipt = Type.Object(
  { status: Type.Literal('quarantined'), reason: Type.Literal('unknown_source'), detail: Type.String(), quarantine_id: Type.String(), correlation_id: Type.String() },
  { additionalProperties: false, $id: 'QuarantineReceipt', title: 'QuarantineReceipt' },
);

export function quarantinedText({ detail, quarantineId, correlationId }: Extract<Receipt, { kind: 'quarantined' }>): string {
  const receipt: Static<typeof QuarantineReceipt> = { status: 'quarantined', reason: 'unknown_source', detail, quarantine_id: quarantineId, correlation_id: correlationId };
  return JSON.stringify(receipt);
}

/** What is answered where every change of a body is stored: one read DTO, or an array where there are several. */
export const Accepted = Type.Union([EventReadDTO, Type.Array(EventReadDTO, { minItems: 2 })]);

type Unprocessed = Omit<EventReadDTO, keyof EventWriteDTO>;

/** JSON text of {@link Accepted}. Written once and by hand, for it is made for every change. */
export function acceptedText(writes: readonly EventWriteDTO[], receivedAt: string): string {
  const unprocessed: Unprocessed = {
    status: 'accepted', outcome: null, reason: null, errors: [], warnings: [],
    received_at: receivedAt, processed_at: null, aggregate_id: null, position: null, repeats: 0,
  };
  const rest = JSON.stringify(unprocessed).slice(1);
  const texts = writes.map((write) => `${encodeWrite(write).slice(0, -1)},${rest}`);
  return texts.length === 1 ? texts.join() : `[${texts.join(',')}]`;
}
