import { binaryArrays } from '@clientele/event-store';
import type { ClientBase } from 'pg';

/** A column of a view's table, and what a row has for it. Documents and times come as text, times in RFC 3339. */
export type Column<Row> = { readonly name: string; /** What is stored, where it is not the value itself: an expression of it. */ readonly as?: (value: string) => string } & (
  | { readonly type: 'text' | 'json' | 'uuid' | 'date' | 'timestamptz'; readonly of: (row: Row) => string | null }
  | { readonly type: 'int' | 'bigint'; readonly of: (row: Row) => number }
  | { readonly type: 'boolean'; readonly of: (row: Row) => boolean }
);

/** Writes rows whole, one statement for all: those that exist by `key` are replaced. The names are this code's own, never data. */
export class Upsert<Row> {
  readonly #name: string;
  readonly #text: string;
  readonly #columns: readonly Column<Row>[];

  constructor(table: string, key: readonly string[], columns: readonly Column<Row>[]) {
    const names = columns.map(({ name }) => name);
    const replaced = names.filter((name) => !key.includes(name)).map((name) => `${name} = excluded.${name}`);
    this.#columns = columns;
    this.#name = `upsert ${table}`;
    this.#text = `insert into ${table} as t (${names.join(', ')})
      select ${columns.map(({ name, as }) => as?.(`v.${name}`) ?? `v.${name}`).join(', ')}
      from unnest(${columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ')}) as v (${names.join(', ')})
      on conflict (${key.join(', ')}) do update set ${replaced.join(', ')}`;
  }

  async run(db: ClientBase, rows: readonly Row[]): Promise<void> {
    await db.query({ name: this.#name, text: this.#text, values: this.#columns.map((column) => arrayOf(column, rows)) });
  }
}

function arrayOf<Row>(column: Column<Row>, rows: readonly Row[]): Buffer | readonly boolean[] {
  switch (column.type) {
    case 'text':
      return binaryArrays.textArray(rows.map(column.of));
    case 'json':
      return binaryArrays.jsonArray(rows.map(column.of));
    case 'uuid':
      return binaryArrays.uuidArray(rows.map(column.of));
    case 'date':
      return binaryArrays.dateArray(rows.map(column.of));
    case 'timestamptz':
      return binaryArrays.timestampArray(rows.map(column.of).map(millisecondsOf));
    case 'int':
      return binaryArrays.intArray(rows.map(column.of));
    case 'bigint':
      return binaryArrays.bigintArray(rows.map(column.of));
    case 'boolean':
      return rows.map(column.of);
  }
}

function millisecondsOf(time: string | null): number | null {
  if (time === null) return null;
  const milliseconds = Date.parse(time);
  if (Number.isNaN(milliseconds)) throw new RangeError(`not a time: ${time}`);
  return milliseconds;
}
