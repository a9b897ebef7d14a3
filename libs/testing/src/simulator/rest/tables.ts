import type { Json } from '@clientele/domain';
import type { OrgRecord } from '../org-record.ts';
import type { SalesforceOrg } from '../org.ts';
import { COLUMNS, restTime, type Column, type ColumnType } from './columns.ts';
import { invalidField, RestError } from './rest-error.ts';
import type { Table } from './soql/evaluate.ts';

/** A row with its columns in reach by any case of their names. */
export interface ObjectTable<Row> extends Table<Row> {
  readonly name: string;
  readonly rows: (deletedToo: boolean) => readonly Row[];
  /** As an answer shows it: its type and address, then what was asked for. */
  readonly show: (row: Row, fields: readonly string[] | null, version: string) => Json;
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
  const find = (field: string): Column => {
    const column = byName.get(field.toLowerCase());
    if (column === undefined) throw invalidField(field, name);
    return column;
  };
  const valueOf = (row: OrgRecord, column: Column): Json => column.of(row, column.calculated ? formulasOf(org, row) : new Map());
  return {
    name,
    type: (field) => find(field).type,
    value: (row, field) => valueOf(row, find(field)),
    rows: (deletedToo) => org.records.all.filter(({ spec, deleted, purged }) => spec.name === name && (deletedToo ? !purged : !deleted)),
    show: (row, fields, version) => ({
      attributes: { type: name, url: `/services/data/${version}/sobjects/${name}/${row.id}` },
      ...Object.fromEntries((fields === null ? columns : fields.map(find)).map((column) => [column.name, valueOf(row, column)])),
    }),
    keep: (row) => ({ ...row, fields: new Map(row.fields) }),
  };
}

/** The one row that tells how the relay is. */
export function relayTable(org: SalesforceOrg): ObjectTable<Readonly<Record<string, Json>>> {
  const types: Readonly<Record<string, ColumnType>> = {
    Id: 'id', EventRelayConfigId: 'reference', Status: 'string', LastRelayedEventTime: 'datetime', RemoteResource: 'string', ErrorCode: 'string', ErrorMessage: 'string',
    ErrorTime: 'datetime', ErrorIdentifier: 'string',
  };
  const find = (field: string): string => {
    const name = Object.keys(types).find((known) => known.toLowerCase() === field.toLowerCase());
    if (name === undefined) throw invalidField(field, 'EventRelayFeedback');
    return name;
  };
  const row = (): Readonly<Record<string, Json>> => {
    const { status, error, lastRelayedEventAt } = org.relay;
    return {
      Id: '0Yk5f000000CabWCAS', EventRelayConfigId: '7k25f000000CabWAAS', Status: status, LastRelayedEventTime: timeOf(lastRelayedEventAt),
      RemoteResource: `aws.partner/salesforce.com/${org.id}/0YL5f000000CabWGAS`, ErrorCode: error?.code ?? null, ErrorMessage: error?.message ?? null,
      ErrorTime: timeOf(error?.at ?? null), ErrorIdentifier: error === null ? null : '1f2c3b4a',
    };
  };
  return {
    name: 'EventRelayFeedback',
    type: (field) => types[find(field)] ?? 'string',
    value: (held, field) => held[find(field)] ?? null,
    rows: () => [row()],
    show: (held, fields, version) => ({
      attributes: { type: 'EventRelayFeedback', url: `/services/data/${version}/sobjects/EventRelayFeedback/0Yk5f000000CabWCAS` },
      ...Object.fromEntries((fields ?? Object.keys(types)).map((field) => [find(field), held[find(field)] ?? null])),
    }),
    keep: (held) => held,
  };
}

function formulasOf(org: SalesforceOrg, record: OrgRecord): ReadonlyMap<string, Json> {
  return new Map(org.records.formulas(record).map(({ path, value }) => [path, value]));
}

function timeOf(milliseconds: number | null): Json {
  return milliseconds === null ? null : restTime(new Date(milliseconds).toISOString());
}
