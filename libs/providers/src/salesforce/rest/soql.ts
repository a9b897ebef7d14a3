import { ValidationError } from '@clientele/contracts';
import type { Stamps } from '../../records/record-source.ts';
import { readRecordId } from '../record-id.ts';

/**
 * The few questions that we ask, and nothing else: names are checked, ids and times are written by us. Values of records never stand in a
 * query.
 */
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,127}$/;

/** @throws ValidationError where it cannot be the name of an object. */
export function entityName(text: string): string {
  if (NAME.test(text)) return text;
  throw wrong('entity', 'entity', 'is not the name of a Salesforce object');
}

/** In 18 characters. @throws ValidationError where it cannot be the id of a record. */
export function recordId(text: string): string {
  const reading = readRecordId(text);
  if (reading.kind === 'record') return reading.id;
  throw wrong('id', 'record_id', reading.kind === 'wrong' ? reading.message : 'names no record but all of them');
}

/** Where a page begins: behind the record of that id, and, in the order of stamps, of that stamp (`2026-05-07T22:29:47.000Z`). */
export interface Position {
  readonly id: string;
  readonly stamp: string | null;
}

/** All records by id: modification does not move them. */
export function idsFrom(entity: string, after: Position | null, limit: number): string {
  const where = after === null ? '' : ` WHERE Id > '${recordId(after.id)}'`;
  return `SELECT Id FROM ${entityName(entity)}${where} ORDER BY Id LIMIT ${limit}`;
}

export interface Stamped {
  readonly entity: string;
  readonly since: string;
  readonly after: Position | null;
  readonly limit: number;
  readonly deleted: boolean;
  readonly fields: readonly string[];
}

/** Records by stamp. The first comparison lets the index serve what the second narrows. */
export function stampedFrom({ entity, since, after, limit, deleted, fields }: Stamped): string {
  const conditions = deleted ? ['IsDeleted = true'] : [];
  const begin = stamp(after?.stamp ?? since);
  conditions.push(`SystemModstamp >= ${begin}`);
  if (after !== null) conditions.push(`(SystemModstamp > ${begin} OR Id > '${recordId(after.id)}')`);
  return `SELECT ${fields.join(', ')} FROM ${entityName(entity)} WHERE ${conditions.join(' AND ')} ORDER BY SystemModstamp, Id LIMIT ${limit}`;
}

export function byIds(entity: string, ids: readonly string[], fields: readonly string[]): string {
  return `SELECT ${fields.join(', ')} FROM ${entityName(entity)} WHERE Id IN (${ids.map((id) => `'${recordId(id)}'`).join(',')})`;
}

export function countAll(entity: string, stamped: Stamps | null): string {
  const where = stamped === null ? '' : ` WHERE SystemModstamp >= ${stamped.from.toISOString()} AND SystemModstamp < ${stamped.to.toISOString()}`;
  return `SELECT COUNT() FROM ${entityName(entity)}${where}`;
}

function stamp(text: string): string {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) return text;
  throw wrong('after', 'stamp', 'is not a time');
}

function wrong(path: string, code: string, message: string): ValidationError {
  return new ValidationError(`${path} ${message}`, [{ path, code, message }]);
}
