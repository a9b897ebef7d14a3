import { encodeRecord, stringifyExact } from '@clientele/contracts';
import {
  clockTime, conversionOf, dirtySince, effectiveFields, nameOf, publicFields, referencesOf, sourceFields, statusOf, survivorOf,
  type AggregateDefinition, type ExternalReference, type RecordState,
} from '@clientele/domain';
import { conversionKey, searchTerms, type StoredReference } from '@clientele/read-model';
import type { RecordView } from './record-view.ts';

/** How a provider's entity is understood; null where the mapping does not name it (any longer). */
export type Definitions = (provider: string, entity: string) => AggregateDefinition | null;

/** The row of a record, as it is stored: documents are JSON text, times RFC 3339. */
export interface ComposedRecord {
  readonly id: string;
  readonly type: string;
  readonly provider: string;
  readonly source: string;
  readonly entity: string;
  readonly externalId: string;
  readonly version: number;
  readonly lifecycle: string;
  readonly complete: boolean;
  readonly dirtySince: string | null;
  readonly status: string | null;
  readonly survivorEntity: string | null;
  readonly survivorExternalId: string | null;
  readonly fields: string;
  readonly sourceFields: string | null;
  readonly externalReferences: string;
  readonly convertedInto: string | null;
  /** One a line. */
  readonly conversionKeys: string | null;
  readonly state: string;
  /** Words, separated by blanks. */
  readonly search: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly position: number;
}

/** What is shown of a record follows from its state and today's mapping alone: with another mapping the view is rebuilt, not the log. */
export function composeRecord(view: RecordView, definitions: Definitions): ComposedRecord {
  const { state } = view;
  const definition = definitions(view.provider, view.entity) ?? unmapped(view.type);
  const doubt = dirtySince(state);
  const survivor = survivorOf(state);
  const stored = (reference: ExternalReference): StoredReference => storedReference(reference, view, definitions);
  const became = (conversionOf(state, definition) ?? []).map((reference) => stored({ ...reference, field: nameOf(reference.field, definition) }));
  return {
    id: view.id,
    type: view.type,
    provider: view.provider,
    source: view.source,
    entity: view.entity,
    externalId: view.externalId,
    version: state.version,
    lifecycle: state.lifecycle,
    complete: state.complete,
    dirtySince: doubt === null ? null : clockTime(doubt),
    status: statusOf(state, definition),
    survivorEntity: survivor?.entity ?? null,
    survivorExternalId: survivor?.externalId ?? null,
    fields: stringifyExact(publicFields(state, definition)),
    sourceFields: isRenamed(state, definition) ? stringifyExact(sourceFields(state)) : null,
    externalReferences: JSON.stringify(referencesOf(state, definition).map(stored)),
    convertedInto: became.length === 0 ? null : JSON.stringify(became),
    conversionKeys: keysOf(became),
    state: stringifyExact(encodeRecord(state)),
    search: searchTerms([view.externalId, ...searchable(state, definition)]).join(' '),
    createdAt: view.createdAt,
    updatedAt: view.updatedAt,
    position: view.position,
  };
}

function storedReference({ field, entity, externalId }: ExternalReference, { provider, source }: RecordView, definitions: Definitions): StoredReference {
  return { field, source, entity, external_id: externalId, aggregate_type: definitions(provider, entity)?.type ?? null };
}

/** By what it is found from the records that it became. No record has a longer id, so nobody would ask; and an index takes no more. */
function keysOf(became: readonly StoredReference[]): string | null {
  const keys = became.filter(({ external_id: id }) => id.length <= LONGEST_ID).map(conversionKey);
  return keys.length === 0 ? null : keys.join('\n');
}

const LONGEST_ID = 255;

function isRenamed(state: RecordState, definition: AggregateDefinition): boolean {
  return Object.keys(definition.names).length > 0 && Array.from(effectiveFields(state).keys()).some((path) => nameOf(path, definition) !== path);
}

const DATE = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}|$)/;

/** What people look records up by: the texts among the fields, but for times and the ids of other records. */
function* searchable(state: RecordState, definition: AggregateDefinition): Generator<string> {
  for (const [path, { value }] of effectiveFields(state)) {
    if (typeof value === 'string' && !DATE.test(value) && !Object.hasOwn(definition.references, path)) yield value;
  }
}

function unmapped(type: string): AggregateDefinition {
  return { type, statusPaths: [], statusValues: null, silentStatuses: [], announceWithdrawal: true, names: {}, references: {}, personal: [], conversion: null };
}
