import type { Json } from '@clientele/domain';
import type { OrgRecord } from '../org-record.ts';
import type { SalesforceOrg } from '../org.ts';
import { COLUMNS, restTime, type Column, type ColumnType } from './columns.ts';
import { invalidField, RestError } from './rest-error.ts';
import type { Field, Table } from './soql/evaluate.ts';

const FEEDBACK_ID = '0Yk5f000000CabWCAS';
const NONE: ReadonlyMap<string, Json> = new Map();

/** A row with its columns in reach by any case of their names. */
export interface ObjectTable<Row> extends Table<Row> {
  readonly name: string;
  readonly rows: (deletedToo: boolean) => readonly Row[];
  /** How an answer shows rows: their type and address, then what was asked for, or all. @throws RestError INVALID_FIELD. */
  readonly shown: (fields: readonly string[] | null, version: string) => (row: Row) => Json;
  /** As it stands now, whatever becomes of it. */
  readonly keep: (row: Row) => Row;
}

/** @throws RestError INVALID_TYPE. */
export function columnsOf(name: string): readonly Column[] {
  const columns = COLUMNS.get(nameOf(name));
  if (columns !== undefined) return columns;
  throw new RestError(400, 'INVALID_TYPE', `sObject type '${name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name.`);
}

/** By any case. */
export function nameOf(name: string): string {
  return [...COLUMNS.keys()].find((known) => known.toLowerCase() === name.toLowerCase()) ?? name;
}

/** @throws RestError INVALID_TYPE. */
export function recordTable(org: SalesforceOrg, object: string): ObjectTable<OrgRecord> {
  const columns = columnsOf(object);
  const name = nameOf(object);
  const byName = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  const field = (asked: string): Field<OrgRecord> => {
    const column = byName.get(asked.toLowerCase());
    if (column === undefined) throw invalidField(asked, name);
    return column.calculated ? { ...column, of: (row) => column.of(row, formulasOf(org, row)) } : { ...column, of: (row) => column.of(row, NONE) };
  };
  return {
    name, field,
    rows: (deletedToo) => org.records.all.filter(({ spec, deleted, purged }) => spec.name === name && (deletedToo ? !purged : !deleted)),
    shown: (fields, version) => showing(name, (fields ?? columns.map((column) => column.name)).map(field), version, ({ id }) => id),
    keep: (row) => ({ ...row, fields: new Map(row.fields) }),
  };
}

/** The one row that tells how the relay is. */
export function relayTable(org: SalesforceOrg): ObjectTable<Readonly<Record<string, Json>>> {
  const types: Readonly<Record<string, ColumnType>> = {
    Id: 'id', EventRelayConfigId: 'reference', Status: 'string', LastRelayedEventTime: 'datetime', RemoteResource: 'string', ErrorCode: 'string', ErrorMessage: 'string',
    ErrorTime: 'datetime', ErrorIdentifier: 'string',
  };
  const field = (asked: string): Field<Readonly<Record<string, Json>>> => {
    const [known, type] = Object.entries(types).find(([name]) => name.toLowerCase() === asked.toLowerCase()) ?? [];
    if (known === undefined || type === undefined) throw invalidField(asked, 'EventRelayFeedback');
    return { name: known, type, of: (held) => held[known] ?? null };
  };
  const row = (): Readonly<Record<string, Json>> => {
    const { status, error, lastRelayedEventAt } = org.relay;
    return {
      Id: FEEDBACK_ID, EventRelayConfigId: '7k25f000000CabWAAS', Status: status, LastRelayedEventTime: timeOf(lastRelayedEventAt),
      RemoteResource: `aws.partner/salesforce.com/${org.id}/0YL5f000000CabWGAS`, ErrorCode: error?.code ?? null, ErrorMessage: error?.message ?? null,
      ErrorTime: timeOf(error?.at ?? null), ErrorIdentifier: error === null ? null : '1f2c3b4a',
    };
  };
  return {
    name: 'EventRelayFeedback', field,
    rows: () => [row()],
    shown: (fields, version) => showing('EventRelayFeedback', (fields ?? Object.keys(types)).map(field), version, () => FEEDBACK_ID),
    keep: (held) => held,
  };
}

function showing<Row>(name: string, fields: readonly Field<Row>[], version: string, idOf: (row: Row) => string): (row: Row) => Json {
  return (row) => ({
    attributes: { type: name, url: `/services/data/${version}/sobjects/${name}/${idOf(row)}` }, ...Object.fromEntries(fields.map((field) => [field.name, field.of(row)])),
  });
}

function formulasOf(org: SalesforceOrg, record: OrgRecord): ReadonlyMap<string, Json> {
  return new Map(org.records.formulas(record).map(({ path, value }) => [path, value]));
}

function timeOf(milliseconds: number | null): Json {
  return milliseconds === null ? null : restTime(new Date(milliseconds).toISOString());
}
