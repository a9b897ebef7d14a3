import { numberLiteral, type ChangeMetadata, type EntityMapping, type EventWriteDTO } from '@clientele/contracts';
import type { EventWriteContext, TakenChange } from '../provider.ts';
import { changeId } from './change-id.ts';
import { meaningOf } from './change-types.ts';
import type { SalesforceEnvelope } from './envelope.ts';
import type { Target } from './targets.ts';

/** The mapper: one write for each record that an envelope names. A change of a whole object has no `external_id`: no record is made up. */
export function toEventWrites(envelope: SalesforceEnvelope, context: EventWriteContext, entities: Readonly<Record<string, EntityMapping>>): TakenChange[] {
  const { header, fields } = envelope;
  const { entityName } = header;
  const meaning = meaningOf(header.changeType);
  const occurredAt = new Date(Number(header.commitTimestamp)).toISOString();
  const metadata = metadataOf(envelope, context, occurredAt);
  const aggregateType = Object.hasOwn(entities, entityName) ? (entities[entityName]?.aggregate ?? null) : null;

  const writeTo = (target: Target): EventWriteDTO => {
    const kind = target.kind === 'entity' && meaning.kind !== 'unknown' ? 'entity_gap' : meaning.kind;
    return {
      id: changeId(context.source, header, target.id),
      ...(meaning.eventType === null ? {} : { event_type: meaning.eventType }),
      provider: 'salesforce',
      source: context.source,
      entity: entityName,
      aggregate_type: aggregateType,
      ...(target.kind === 'entity' || kind === 'entity_gap' ? {} : { external_id: target.id }),
      data: fields,
      metadata: { kind, ...metadata },
      occurred_at: occurredAt,
    };
  };
  const targets = meaning.kind === 'entity_gap' ? envelope.targets.slice(0, 1) : envelope.targets;
  return targets.map((target) => ({ write: writeTo(target), rawEvent: envelope.rawEvent(target) }));
}

function metadataOf({ header }: SalesforceEnvelope, { correlationId }: EventWriteContext, commitTime: string): Omit<ChangeMetadata, 'kind'> {
  const { changeOrigin, changedFields, nulledFields, diffFields } = header;
  return {
    actor: header.commitUser ?? null,
    origin: changeOrigin === undefined || changeOrigin === '' ? null : changeOrigin,
    clock: {
      commit_time: commitTime,
      commit_number: numberLiteral(header.commitNumber) ?? '0',
      sequence_number: Number(header.sequenceNumber),
    },
    correlation_id: correlationId,
    causation_id: null,
    transaction_id: header.transactionKey,
    source_change_type: header.changeType,
    ...(changedFields === undefined ? {} : { changed_fields: changedFields }),
    ...(nulledFields === undefined ? {} : { nulled_fields: nulledFields }),
    ...(diffFields === undefined ? {} : { diff_fields: diffFields }),
  };
}
