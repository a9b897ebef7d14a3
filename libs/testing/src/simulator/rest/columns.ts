import type { Json } from '@clientele/domain';
import { ENTITIES, personAccount, personContact, type EntitySpec, type FieldSpec } from '../entities/index.ts';
import { count, currency, date, flag, lines, longNumber } from '../entities/field-spec.ts';
import type { OrgRecord } from '../org-record.ts';

export type ColumnType = 'id' | 'reference' | 'string' | 'textarea' | 'boolean' | 'int' | 'double' | 'currency' | 'date' | 'datetime' | 'address';

/** A field of an object as REST names it. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** The compound that it is a part of: `BillingAddress` of `BillingStreet`. */
  readonly compound: string | null;
  readonly calculated: boolean;
  readonly nillable: boolean;
  /** @param formulas what the org computes of the record. */
  readonly of: (record: OrgRecord, formulas: ReadonlyMap<string, Json>) => Json;
}

const COMPONENTS = ['City', 'Country', 'GeocodeAccuracy', 'Latitude', 'Longitude', 'PostalCode', 'State', 'Street'];
const TYPES = new Map<FieldSpec['make'], ColumnType>([
  [currency, 'currency'], [longNumber, 'double'], [count, 'int'], [date, 'date'], [flag, 'boolean'], [lines, 'textarea'],
]);
const MORE: Readonly<Record<EntitySpec['name'], readonly (readonly [string, ColumnType])[]>> = {
  Account: [['IsPersonAccount', 'boolean'], ['PersonContactId', 'reference']],
  Contact: [['IsPersonAccount', 'boolean']],
  Opportunity: [],
  Lead: [['IsConverted', 'boolean'], ['ConvertedDate', 'date'], ['ConvertedAccountId', 'reference'], ['ConvertedContactId', 'reference'], ['ConvertedOpportunityId', 'reference']],
};

/** REST's name of a field path of change events: `BillingAddress.Street` -> `BillingStreet`, `Name.LastName` -> `LastName`. */
export function restName(path: string): string {
  const [head = '', component] = path.split('.');
  return component === undefined ? head : head === 'Name' ? component : head.replace(/Address$/, '') + component;
}

/** All that the org's objects have, in the order in which a record shows them. */
export const COLUMNS: ReadonlyMap<string, readonly Column[]> = new Map(ENTITIES.map((spec) => [spec.name, columnsOf(spec)]));

function columnsOf({ name, fields, formulas = [] }: EntitySpec): Column[] {
  const others = name === 'Account' ? personAccount.fields : name === 'Contact' ? personContact.fields : [];
  const specs = [...new Map([...fields, ...others].map((spec) => [spec.path, spec])).values()].filter(({ path }) => path !== 'Name');
  const compounds = [...new Set(specs.flatMap(({ path }) => (path.includes('.') && !path.startsWith('Name.') ? [path.split('.')[0] ?? ''] : [])))];
  return [
    column('Id', 'id', ({ id }) => id, { nillable: false }),
    column('IsDeleted', 'boolean', ({ deleted }) => deleted, { nillable: false }),
    // An opportunity cannot be merged.
    ...(name === 'Opportunity' ? [] : [column('MasterRecordId', 'reference', ({ master }) => master?.id ?? null)]),
    column('Name', 'string', fullName),
    ...specs.map((spec) => fieldColumn(spec)),
    ...compounds.map((path) => column(path, 'address', (record) => addressOf(record, path))),
    ...compounds.map((path) => column(restName(`${path}.GeocodeAccuracy`), 'string', () => null, { compound: path })),
    ...MORE[name].map(([path, type]) => column(path, type, ({ fields: held }) => held.get(path) ?? null)),
    ...formulas.map(({ path }) => column(path, 'string', (_, computed) => computed.get(path) ?? null, { calculated: true })),
    column('OwnerId', 'reference', ({ fields: held }) => held.get('OwnerId') ?? null),
    column('CreatedDate', 'datetime', ({ fields: held }) => restTime(held.get('CreatedDate')), { nillable: false }),
    column('CreatedById', 'reference', ({ fields: held }) => held.get('CreatedById') ?? null),
    column('LastModifiedDate', 'datetime', ({ fields: held }) => restTime(held.get('LastModifiedDate')), { nillable: false }),
    column('LastModifiedById', 'reference', ({ fields: held }) => held.get('LastModifiedById') ?? null),
    column('SystemModstamp', 'datetime', ({ stampedAt }) => restTime(new Date(stampedAt).toISOString()), { nillable: false }),
  ];
}

function fieldColumn({ path, make }: FieldSpec): Column {
  const [head = '', component] = path.split('.');
  const type = TYPES.get(make) ?? (path.endsWith('Id') ? 'reference' : /\.(Latitude|Longitude)$/.test(path) ? 'double' : path === 'Probability' ? 'int' : 'string');
  return column(restName(path), type, ({ fields }) => fields.get(path) ?? null, { compound: component === undefined ? null : head });
}

function column(name: string, type: ColumnType, of: Column['of'], more: Partial<Pick<Column, 'compound' | 'calculated' | 'nillable'>> = {}): Column {
  return { name, type, of, compound: null, calculated: false, nillable: true, ...more };
}

/** `2026-05-07T22:29:47.000+0000`, as REST writes times. */
export function restTime(time: Json | undefined): Json {
  return typeof time === 'string' ? time.replace(/Z$/, '+0000') : null;
}

function fullName({ fields }: OrgRecord): Json {
  const parts = ['Name.FirstName', 'Name.LastName'].map((path) => fields.get(path)).filter((part) => typeof part === 'string');
  return fields.get('Name') ?? (parts.length === 0 ? null : parts.join(' '));
}

function addressOf({ fields }: OrgRecord, path: string): Json {
  const parts = COMPONENTS.map((component) => [component.charAt(0).toLowerCase() + component.slice(1), fields.get(`${path}.${component}`) ?? null] as const);
  return parts.every(([, value]) => value === null) ? null : Object.fromEntries(parts);
}
