import { numberLiteral } from '@clientele/contracts';
import type { Json } from '@clientele/domain';
import { RestError } from '../rest-error.ts';
import type { ColumnType } from '../columns.ts';
import type { Condition, Literal, Operator, Query } from './query.ts';

/** What a query may be asked of. */
export interface Table<Row> {
  /** How a field is read and compared. @throws RestError INVALID_FIELD for what it does not have. */
  readonly field: (name: string) => Field<Row>;
}

export interface Field<Row> {
  readonly name: string;
  readonly type: ColumnType;
  readonly of: (row: Row) => Json;
}

type Comparable = string | number | boolean | null;

/** The rows that fulfil the condition, in their order, within limit and offset. */
export function select<Row>({ where, orderBy, limit, offset }: Query, rows: readonly Row[], table: Table<Row>): Row[] {
  const fulfils = where === null ? () => true : predicate(where, table);
  const orders = orderBy.map((order) => ({ ...order, ...table.field(order.field) }));
  const found = rows.filter(fulfils);
  const sorted = orders.length === 0 ? found : inOrder(found, orders);
  return sorted.slice(offset, limit === null ? undefined : offset + limit);
}

/** What rows are ordered by is read once a row: an object may have a hundred thousand. */
function inOrder<Row>(rows: readonly Row[], orders: readonly (Field<Row> & { readonly descending: boolean; readonly nullsLast: boolean })[]): Row[] {
  const keyed = rows.map((row) => ({ row, keys: orders.map(({ of, type }) => comparable(of(row), type)) }));
  keyed.sort((one, other) => {
    for (const [at, { descending, nullsLast }] of orders.entries()) {
      const order = compareOrdered(one.keys[at] ?? null, other.keys[at] ?? null, descending, nullsLast);
      if (order !== 0) return order;
    }
    return 0;
  });
  return keyed.map(({ row }) => row);
}

function predicate<Row>(condition: Condition, table: Table<Row>): (row: Row) => boolean {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const parts = condition.of.map((part) => predicate(part, table));
      return condition.kind === 'and' ? (row) => parts.every((part) => part(row)) : (row) => parts.some((part) => part(row));
    }
    case 'not': {
      const negated = predicate(condition.of, table);
      return (row) => !negated(row);
    }
    case 'in': {
      const { type, of, name } = table.field(condition.field);
      const values = new Set(condition.values.map((value) => literal(value, type, name)));
      return (row) => values.has(comparable(of(row), type));
    }
    case 'compare': {
      const { operator } = condition;
      const { type, of, name } = table.field(condition.field);
      const value = literal(condition.value, type, name);
      if (operator === 'LIKE') return likeness(String(value), of);
      return (row) => holds(operator, comparable(of(row), type), value);
    }
  }
}

function holds(operator: Exclude<Operator, 'LIKE'>, one: Comparable, other: Comparable): boolean {
  if (operator === '=') return one === other;
  if (operator === '!=') return one !== other;
  if (one === null || other === null) return false;
  return operator === '<' ? one < other : operator === '<=' ? one <= other : operator === '>' ? one > other : one >= other;
}

function likeness<Row>(pattern: string, valueOf: (row: Row) => Json): (row: Row) => boolean {
  const expression = new RegExp(`^${pattern.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('%', '.*').replaceAll('_', '.')}$`, 'isu');
  return (row) => {
    const value = valueOf(row);
    return typeof value === 'string' && expression.test(value);
  };
}

/** Ids compare by their 15 characters, texts without regard to case, times as moments. */
function comparable(value: Json, type: ColumnType): Comparable {
  if (value === null) return null;
  if (typeof value === 'boolean') return value;
  const number = numberLiteral(value);
  if (number !== null) return Number(number);
  if (typeof value !== 'string') return null;
  if (type === 'id' || type === 'reference') return value.slice(0, 15);
  return type === 'datetime' ? Date.parse(value) : type === 'date' ? value : value.toLowerCase();
}

const FITTING: Readonly<Record<ColumnType, readonly Literal['type'][]>> = {
  id: ['string'], reference: ['string'], string: ['string'], textarea: [], boolean: ['boolean'], int: ['number'], double: ['number'], currency: ['number'],
  date: ['date'], datetime: ['datetime'], address: [],
};

function literal({ type, text }: Literal, column: ColumnType, field: string): Comparable {
  if (type === 'null') return null;
  if (FITTING[column].length === 0) throw new RestError(400, 'INVALID_FIELD', `field '${field}' can not be filtered in a query call`);
  if (!FITTING[column].includes(type)) throw new RestError(400, 'INVALID_FIELD', `value of filter criterion for field '${field}' must be of type ${column} and ${column === 'string' ? 'should' : 'should not'} be enclosed in quotes`);
  if (type === 'boolean') return text === 'true';
  return type === 'number' ? Number(text) : comparable(text, column);
}

function compareOrdered(one: Comparable, other: Comparable, descending: boolean, nullsLast: boolean): number {
  if (one === other) return 0;
  if (one === null || other === null) return (one === null) === nullsLast ? 1 : -1;
  return (one < other ? -1 : 1) * (descending ? -1 : 1);
}
