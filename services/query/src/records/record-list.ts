import { ValidationError } from '@clientele/contracts';
import { searchQuery, type RecordRow } from '@clientele/read-model';
import { Type, type Static } from '@sinclair/typebox';
import type { Database } from '../database/database.ts';
import { readCursor, writeCursor } from './page-cursor.ts';
import { RECORD_COLUMNS } from './record-reader.ts';
import type { RecordFilters, Sort } from './record-query.ts';

export interface ListRequest {
  readonly type: string;
  readonly filters: RecordFilters;
  /** Spellings of `external_id` that mean the same; empty where it is not asked for. */
  readonly externalIds: readonly string[];
  readonly sort: Sort;
  readonly limit: number;
  readonly cursor: string | null;
}

export interface RecordPage {
  readonly rows: readonly RecordRow[];
  readonly nextCursor: string | null;
}

/** Where a page ended: the time that it is sorted by, in microseconds since 1970 (0 when sorted by id), and the id. */
const Place = Type.Tuple([Type.String({ pattern: '^-?\\d{1,17}$' }), Type.String({ format: 'uuid' })]);

/**
 * A page of records. Pages follow the place where the last one ended, not a count: what is added or removed meanwhile neither repeats
 * nor hides another record. A record whose own sort value changes moves in the list.
 * @throws ValidationError, UnavailableError
 */
export async function listRecords(database: Database, request: ListRequest): Promise<RecordPage> {
  const list = [request.type, request.sort, request.externalIds, request.filters];
  const place = request.cursor === null ? null : readCursor(request.cursor, Place, list);
  const { text, values } = listStatement(request, place);
  const rows = await database.query<RecordRow & { place: string }>({ label: 'records_list', text, values });
  const page = rows.slice(0, request.limit);
  const last = rows.length > request.limit ? page.at(-1) : undefined;
  return { rows: page, nextCursor: last === undefined ? null : writeCursor([last.place, last.id], list) };
}

/** Also for the test that looks at its plan. */
export function listStatement(request: ListRequest, place: Static<typeof Place> | null): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const value = (of: unknown): string => `$${values.push(of)}`;
  const column = request.sort.replace('-', '');
  const [direction, beyond] = request.sort.startsWith('-') ? ['desc', '<'] : ['asc', '>'];
  const conditions = [`type = ${value(request.type)}`, ...filterConditions(request, value)];
  if (place !== null) {
    const [at, id] = place;
    const time = () => `timestamptz 'epoch' + ${value(at)}::bigint * interval '1 microsecond'`;
    conditions.push(column === 'id' ? `id ${beyond} ${value(id)}::uuid` : `(${column}, id) ${beyond} (${time()}, ${value(id)}::uuid)`);
  }
  const reached = column === 'id' ? `'0'` : `(extract(epoch from ${column}) * 1000000)::bigint::text`;
  const order = column === 'id' ? `id ${direction}` : `${column} ${direction}, id ${direction}`;
  const text = `select ${RECORD_COLUMNS}, ${reached} as place from published.records r
    where ${conditions.join(' and ')} order by ${order} limit ${value(request.limit + 1)}`;
  return { text, values };
}

function filterConditions({ filters, externalIds }: ListRequest, value: (of: unknown) => string): string[] {
  const { external_id, source, status, lifecycle, dirty, complete, superseded, q } = filters;
  return [
    ...(external_id === undefined ? [] : [`external_id = any(${value(externalIds)}::text[])`]),
    ...(source === undefined ? [] : [`source = ${value(source)}`]),
    ...(status === undefined ? [] : [statusCondition(value(status))]),
    ...(lifecycle === undefined ? [] : [`lifecycle = ${value(lifecycle)}`]),
    // Written out, as the indexes of the few are.
    ...(dirty === undefined ? [] : [`dirty_since is ${dirty ? 'not ' : ''}null`]),
    ...(complete === undefined ? [] : [complete ? 'complete' : 'not complete']),
    ...(superseded === undefined ? [] : [`survivor_external_id is ${superseded ? 'not ' : ''}null`]),
    ...(q === undefined ? [] : [`search @@ ${value(wordsOf(q))}::tsquery`]),
  ];
}

/** The index knows no more than 255 characters of a status, and the filter takes no more. */
function statusCondition(status: string): string {
  return `left(status, 255) = ${status} and status = ${status}`;
}

function wordsOf(q: string): string {
  const query = searchQuery(q);
  if (query !== null) return query;
  const message = 'holds no word to look for: letters or digits';
  throw new ValidationError(`q ${message}`, [{ path: 'query.q', code: 'no_words', message }]);
}
