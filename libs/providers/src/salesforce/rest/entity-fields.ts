import type { Json, JsonObject } from '@clientele/domain';
import { ProviderError } from '../../records/provider-error.ts';
import { restName } from '../record-names.ts';
import { objectsIn } from './members.ts';

/**
 * Fields that change events never carry: the record's own bookkeeping, and what Salesforce derives when asked. A reading of them would have
 * nothing to be compared with.
 */
const NEVER_IN_EVENTS = new Set([
  'Id', 'attributes', 'IsDeleted', 'SystemModstamp', 'MasterRecordId', 'LastViewedDate', 'LastReferencedDate', 'LastActivityDate', 'PhotoUrl',
  'IsEmailBounced', 'HasOpenActivity', 'HasOverdueTask', 'Fiscal', 'FiscalYear', 'FiscalQuarter',
]);
/** Compound fields, which come in parts, and files, of which only an address comes. */
const TYPES_LEFT_OUT = new Set(['address', 'location', 'base64']);
const FIELD_NAME = /^[A-Za-z][A-Za-z0-9_]{0,254}$/;

export interface DescribedField {
  readonly type: string;
  /** The compound field that it is a part of. */
  readonly compound: string | null;
}

/** What is asked for of an entity's records. */
export interface EntityFields {
  /** As the REST API calls them. */
  readonly names: readonly string[];
  /** What `describe` said of each; null where it was not to be had. */
  readonly described: ReadonlyMap<string, DescribedField> | null;
  /** Whether it is all that change events carry and that we may see. */
  readonly whole: boolean;
}

/** @throws ProviderError where it is no description. */
export function fieldsOfDescription(entity: string, description: Json): EntityFields {
  const described = new Map<string, DescribedField>();
  for (const field of objectsIn(description, 'fields')) {
    const { name, type, compoundFieldName } = field;
    if (typeof name !== 'string' || typeof type !== 'string' || !isAskedFor(name) || TYPES_LEFT_OUT.has(type) || isFormula(field)) continue;
    described.set(name, { type, compound: typeof compoundFieldName === 'string' && compoundFieldName !== name ? compoundFieldName : null });
  }
  if (described.size === 0) throw new ProviderError('unavailable', `describe ${entity}: the answer describes no fields`);
  return { names: [...described.keys()], described, whole: true };
}

/** What a whole record shows of its fields. */
export function fieldsOfRecord(record: JsonObject): EntityFields {
  return { names: Object.keys(record).filter(isAskedFor), described: null, whole: true };
}

/** What the mapping names, where nothing better is to be had. */
export function fieldsOfPaths(paths: readonly string[]): EntityFields {
  return { names: [...new Set(paths.map(restName))].filter(isAskedFor), described: null, whole: false };
}

export function without(fields: EntityFields, dropped: ReadonlySet<string>): EntityFields {
  return dropped.size === 0 ? fields : { ...fields, names: fields.names.filter((name) => !dropped.has(name.toLowerCase())) };
}

function isAskedFor(name: string): boolean {
  return FIELD_NAME.test(name) && !NEVER_IN_EVENTS.has(name);
}

/** A formula's value is a hint. A roll-up summary is called calculated too, has no formula, and is in change events. */
function isFormula({ calculated, calculatedFormula }: JsonObject): boolean {
  return calculated === true && calculatedFormula !== null;
}
