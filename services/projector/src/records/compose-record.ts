import { stringifyExact } from '@clientele/contracts';
import {
  clockTime, dirtySince, effectiveFields, nameOf, publicFields, referencesOf, sourceFields, statusOf, type AggregateDefinition, type RecordState,
} from '@clientele/domain';
import { searchTerms, type StoredReference } from '@clientele/read-model';
import { encodeState } from './state-document.ts';
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
  readonly fields: string;
  readonly sourceFields: string | null;
  readonly externalReferences: string;
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
  const renamed = Array.from(state.fields.keys()).some((path) => nameOf(path, definition) !== path);
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
    fields: stringifyExact(publicFields(state, definition)),
    sourceFields: renamed ? stringifyExact(sourceFields(state)) : null,
    externalReferences: JSON.stringify(storedReferences(view, definition, definitions)),
    state: encodeState(state),
    search: searchTerms([view.externalId, ...searchable(state, definition)]).join(' '),
    createdAt: view.createdAt,
    updatedAt: view.updatedAt,
    position: view.position,
  };
}

function storedReferences(view: RecordView, definition: AggregateDefinition, definitions: Definitions): StoredReference[] {
  return referencesOf(view.state, definition).map(({ field, entity, externalId }) => ({
    field,
    source: view.source,
    entity,
    external_id: externalId,
    aggregate_type: definitions(view.provider, entity)?.type ?? null,
  }));
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
