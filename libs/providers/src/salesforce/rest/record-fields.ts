import { isStorable, numberLiteral } from '@clientele/contracts';
import { childPath, composeFields, isJsonObject, type FieldWrite, type Json, type JsonObject } from '@clientele/domain';
import { compoundOf, eventPath, namesPeople } from '../record-names.ts';
import type { EntityFields } from './entity-fields.ts';

const REST_DATE_TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(?:\+00:?00|Z)$/;
const LONGEST_NUMBER = 1000;

/** What becomes of one field: the same for every record. */
interface FieldPlan {
  readonly name: string;
  readonly path: string;
  readonly isNamePart: boolean;
  readonly isDateTime: boolean;
}

interface Plan {
  readonly fields: readonly FieldPlan[];
  /** Compound fields whose parts are asked for. */
  readonly inParts: ReadonlySet<string>;
}

const plans = new WeakMap<EntityFields, Plan>();

function planOf(entity: string, fields: EntityFields): Plan {
  const known = plans.get(fields);
  if (known !== undefined) return known;
  const { names, described } = fields;
  const inParts = new Set<string>();
  const plan = names.map((name) => {
    const compound = described === null ? compoundOf(entity, name) : (described.get(name)?.compound ?? null);
    if (compound !== null) inParts.add(compound);
    return { name, path: eventPath(name, compound), isNamePart: compound === 'Name', isDateTime: described === null || described.get(name)?.type === 'datetime' };
  });
  const made = { fields: plan, inParts };
  plans.set(fields, made);
  return made;
}

/**
 * A record of the REST API as change events would have told it: parts under their compound fields, date-times with `Z`, numbers digit for
 * digit, null for what was asked for and is empty. What was not asked for, or could not be stored, is left out.
 */
export function recordFields(entity: string, record: JsonObject, asked: EntityFields): JsonObject {
  const { fields, inParts } = planOf(entity, asked);
  const person = isPerson(entity, record);
  const writes: FieldWrite[] = [];
  for (const { name, path, isNamePart, isDateTime } of fields) {
    const value = Object.hasOwn(record, name) ? record[name] : undefined;
    if (value === undefined) continue;
    // A person's name comes in parts, anything else's as one text; every other compound field in parts alone, where they are there.
    if (isNamePart ? !person : inParts.has(name) && (person || name !== 'Name')) continue;
    if (isJsonObject(value)) writes.push(...partsOf(name, value));
    else if (isFit(value)) writes.push({ path, value: isDateTime ? withZ(value) : value });
  }
  return composeFields(writes);
}

/** Of an account it is told by the record; the flag is missing where the org has no person accounts, or hides it. */
function isPerson(entity: string, record: JsonObject): boolean {
  const people = namesPeople(entity);
  if (people !== 'sometimes') return people === 'always' || isText(record['LastName']);
  const flag = record['IsPersonAccount'];
  return typeof flag === 'boolean' ? flag : isText(record['LastName']);
}

function isText(value: Json | undefined): boolean {
  return typeof value === 'string' && value !== '';
}

/** A compound field that came without its parts beside it: `{"street": …}`. A related record has `attributes`, and is none. */
function partsOf(name: string, value: JsonObject): FieldWrite[] {
  if ('attributes' in value || 'records' in value) return [];
  return Object.entries(value)
    .filter(([, part]) => isFit(part))
    .map(([part, of]) => ({ path: childPath(eventPath(name, null), part.charAt(0).toUpperCase() + part.slice(1)), value: of }));
}

function withZ(value: Json): Json {
  if (typeof value !== 'string') return value;
  const [, seconds, fraction = '.000'] = REST_DATE_TIME.exec(value) ?? [];
  return seconds === undefined ? value : `${seconds}${fraction}Z`;
}

/** Scalars that can be stored. */
function isFit(value: Json): boolean {
  if (typeof value === 'string') return isStorable(value);
  const literal = numberLiteral(value);
  return literal === null ? value === null || typeof value === 'boolean' : literal.length <= LONGEST_NUMBER;
}
