import { parseExact, stringifyExact } from '@clientele/contracts';
import { isJsonObject, type Json } from '@clientele/domain';
import type { OrgRecord } from '../org-record.ts';
import type { SalesforceOrg } from '../org.ts';
import type { Answer, Request } from './call.ts';
import { restTime } from './columns.ts';
import { notFound, RestError } from './rest-error.ts';
import { recordTable } from './tables.ts';

const MOST_IDS = 2000;
const MINUTE = 60_000;
/** How long the log of deletions goes back. */
const LOGGED_MS = 15 * 86_400_000;

/** Whether a record is to be seen where it is asked for by its id. */
export type Sight = (record: OrgRecord) => boolean;

/** `sobjects/X/{id}`. @throws RestError 404 for what is not there, deleted, or not in sight. */
export function oneRecord(org: SalesforceOrg, object: string, id: string, url: URL, version: string, sight: Sight): Answer {
  const table = recordTable(org, object);
  const fields = url.searchParams.get('fields')?.split(',') ?? null;
  const show = table.shown(fields === null ? null : withId(fields), version);
  const record = found(org, table.name, id);
  if (record === undefined || record.purged || !sight(record)) throw notFound();
  if (record.deleted) throw new RestError(404, 'ENTITY_IS_DELETED', 'entity is deleted');
  return { status: 200, body: stringifyExact(show(record)) };
}

/** `composite/sobjects/X`: in the order of the ids, null for what is not there, deleted, or not in sight. @throws RestError 400. */
export function collection(org: SalesforceOrg, object: string, request: Request, version: string, sight: Sight): Answer {
  const table = recordTable(org, object);
  const { ids, fields } = asked(request);
  const show = table.shown(withId(fields), version);
  const records = ids.map((id) => {
    const record = found(org, table.name, id);
    return record === undefined || record.deleted || !sight(record) ? null : show(record);
  });
  return { status: 200, body: stringifyExact(records) };
}

/** `sobjects/X/deleted`: the log of deletions between two minutes. @param keepsPurged whether it outlives the recycle bin. @throws RestError 400. */
export function deletedRecords(org: SalesforceOrg, object: string, url: URL, keepsPurged: boolean): Answer {
  const { name } = recordTable(org, object);
  const { start, end } = span(url, org.clock.now());
  const deletedRecords = org.records.all
    .filter(({ spec, deleted, purged, deletedAt }) => spec.name === name && deleted && (keepsPurged || !purged) && deletedAt !== null && deletedAt >= start && deletedAt < end)
    .map(({ id, deletedAt }) => ({ id, deletedDate: timeOf(deletedAt ?? 0) }));
  const earliestDateAvailable = timeOf(org.clock.now() - LOGGED_MS);
  return { status: 200, body: stringifyExact({ deletedRecords, earliestDateAvailable, latestDateCovered: timeOf(end) }) };
}

/** `sobjects/X/updated`. @throws RestError 400. */
export function updatedRecords(org: SalesforceOrg, object: string, url: URL): Answer {
  const { name } = recordTable(org, object);
  const { start, end } = span(url, org.clock.now());
  const changed = org.records.all.filter(({ spec, deleted, stampedAt }) => spec.name === name && !deleted && stampedAt >= start && stampedAt < end);
  return { status: 200, body: stringifyExact({ ids: changed.map(({ id }) => id), latestDateCovered: timeOf(end) }) };
}

/** The seconds of both ends are ignored; an end that is still to come is taken for now. */
function span(url: URL, now: number): { start: number; end: number } {
  const [start, end] = [Date.parse(url.searchParams.get('start') ?? ''), Date.parse(url.searchParams.get('end') ?? '')];
  if (Number.isNaN(start) || Number.isNaN(end)) throw new RestError(400, 'INVALID_FIELD', 'start and end must be dates with times');
  const minute = (time: number): number => Math.floor(time / MINUTE) * MINUTE;
  if (end - start <= MINUTE) throw new RestError(400, 'INVALID_REPLICATION_DATE', 'startDate must precede endDate by more than a minute');
  if (start < now - 2 * LOGGED_MS) throw new RestError(400, 'INVALID_REPLICATION_DATE', 'startDate cannot be more than 30 days ago');
  return { start: minute(start), end: minute(Math.min(end, now)) };
}

function asked({ method, url, body }: Request): { ids: string[]; fields: string[] } {
  const given: Json = method === 'POST' ? parsed(body) : { ids: listed(url, 'ids'), fields: listed(url, 'fields') };
  const ids = isJsonObject(given) ? texts(given['ids']) : null;
  const fields = isJsonObject(given) ? texts(given['fields']) : null;
  if (ids === null || fields === null || ids.length === 0 || fields.length === 0) throw new RestError(400, 'JSON_PARSER_ERROR', 'ids and fields are wanted');
  if (ids.length > MOST_IDS) throw new RestError(400, 'REQUEST_LIMIT_EXCEEDED', `The maximum number of ids is ${MOST_IDS}`);
  for (const id of ids) if (!/^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$/.test(id)) throw new RestError(400, 'MALFORMED_ID', `malformed id ${id}`);
  return { ids, fields };
}

function parsed(body: string): Json {
  try {
    return parseExact(body);
  } catch (error) {
    throw error instanceof SyntaxError ? new RestError(400, 'JSON_PARSER_ERROR', error.message) : error;
  }
}

function listed(url: URL, name: string): string[] {
  return (url.searchParams.get(name) ?? '').split(',').filter((text) => text !== '');
}

function texts(value: Json | undefined): string[] | null {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : null;
}

/** By 18 characters, or the 15 that are the id. */
function found(org: SalesforceOrg, name: string, id: string): OrgRecord | undefined {
  const record = id.length === 15 ? org.records.all.find((candidate) => candidate.id.startsWith(id)) : org.records.find(id);
  return record?.spec.name === name ? record : undefined;
}

function withId(fields: readonly string[]): string[] {
  return fields.some((field) => field.toLowerCase() === 'id') ? [...fields] : ['Id', ...fields];
}

function timeOf(milliseconds: number): Json {
  return restTime(new Date(milliseconds).toISOString());
}
