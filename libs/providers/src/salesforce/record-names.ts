import { childPath, splitPath } from '@clientele/domain';

/**
 * How the fields of a record are called by the REST API, which is flat (`BillingStreet`, `FirstName`, `Loc__Latitude__s`), and by change
 * events, which nest the parts of compound fields (`BillingAddress.Street`, `Name.FirstName`, `Loc__c.Latitude`).
 */
const ADDRESS_PARTS = ['Street', 'City', 'State', 'StateCode', 'PostalCode', 'Country', 'CountryCode', 'Latitude', 'Longitude', 'GeocodeAccuracy'];
const ADDRESS_PREFIXES = ['Billing', 'Shipping', 'Mailing', 'Other', 'PersonMailing', 'PersonOther', 'QuoteTo', 'Additional'];
/** Entities with an address that has no prefix. */
const PLAIN_ADDRESS_ENTITIES = ['Lead', 'User', 'Organization', 'ContactPointAddress'];
const NAME_PARTS = ['Salutation', 'FirstName', 'MiddleName', 'LastName', 'Suffix'];
/** Entities whose records are people; of an account it depends on the account. */
const PEOPLE = ['Contact', 'Lead', 'User', 'Individual'];

const PREFIXED_PART = new RegExp(`^(?:${ADDRESS_PREFIXES.join('|')})(?=(?:${ADDRESS_PARTS.join('|')})$)`);
const CUSTOM_PART = /^(.+)__([A-Za-z]+)__s$/;

/** Whether `Name` has parts: `sometimes` for accounts, some of which are people's. */
export function namesPeople(entity: string): 'always' | 'sometimes' | 'never' {
  if (PEOPLE.includes(entity)) return 'always';
  return entity === 'Account' ? 'sometimes' : 'never';
}

/**
 * The compound field that a REST field is a part of, where it is one, by what is known of standard objects and of how custom ones are
 * named. What `describe` says (`compoundFieldName`) is better knowledge.
 */
export function compoundOf(entity: string, name: string): string | null {
  const custom = CUSTOM_PART.exec(name);
  if (custom) return `${custom[1]}__c`;
  const prefix = PREFIXED_PART.exec(name)?.[0];
  if (prefix !== undefined) return `${prefix}Address`;
  if (PLAIN_ADDRESS_ENTITIES.includes(entity) && ADDRESS_PARTS.includes(name)) return 'Address';
  return namesPeople(entity) !== 'never' && NAME_PARTS.includes(name) ? 'Name' : null;
}

/** The path in change events of a REST field, given the compound field that it is a part of. */
export function eventPath(name: string, compound: string | null): string {
  if (compound === null || compound === name) return childPath(null, name);
  return childPath(childPath(null, compound), partOf(name, compound));
}

/** `BillingStreet` of `BillingAddress` -> `Street`. */
function partOf(name: string, compound: string): string {
  const custom = CUSTOM_PART.exec(name);
  if (custom?.[2] !== undefined && `${custom[1]}__c` === compound) return custom[2];
  const prefix = compound.endsWith('Address') ? compound.slice(0, -'Address'.length) : '';
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

/** The REST field of a path in change events; of a whole compound field that field itself. */
export function restName(path: string): string {
  const [field = '', ...parts] = splitPath(path);
  const part = parts.join('.');
  if (part === '') return field;
  if (field.endsWith('__c')) return `${field.slice(0, -'__c'.length)}__${part}__s`;
  return field.endsWith('Address') ? field.slice(0, -'Address'.length) + part : part;
}
