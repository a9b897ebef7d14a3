import { exactNumber } from '@clientele/contracts';
import type { Json } from '@clientele/domain';
import type { Random } from '../random.ts';
import { CITIES, COUNTRIES, FAMILY_NAMES, GIVEN_NAMES, SENTENCES, STREETS } from '../vocabulary.ts';

/** What a value may be drawn from. */
export interface Draw {
  readonly random: Random;
  /** An account that is there now, or null. */
  readonly account: () => string | null;
  readonly user: () => string;
}

/** One field that people and programs set. */
export interface FieldSpec {
  /** In the names of change events: `BillingAddress.Street`. */
  readonly path: string;
  readonly make: (draw: Draw) => Json;
  /** Share of new records that have it; 1: required, and so never cleared. */
  readonly filled: number;
}

/** A field that nobody sets. */
export interface Formula {
  readonly path: string;
  /** @param parent the fields of the record that a field of this one refers to. */
  readonly of: (fields: ReadonlyMap<string, Json>, parent: (path: string) => ReadonlyMap<string, Json> | undefined) => Json;
}

export interface EntitySpec {
  readonly name: 'Account' | 'Contact' | 'Opportunity' | 'Lead';
  readonly prefix: string;
  readonly fields: readonly FieldSpec[];
  readonly formulas?: readonly Formula[];
}

export function field(path: string, filled: number, make: FieldSpec['make']): FieldSpec {
  return { path, filled, make };
}

export const oneOf = (...values: readonly Json[]): FieldSpec['make'] => ({ random }) => random.pick(values);
export const flag: FieldSpec['make'] = ({ random }) => random.chance(0.5);
export const count: FieldSpec['make'] = ({ random }) => random.integer(0, 250_000);
/** Two decimals, always written, as far as 99 999 999 999.99. */
export const currency: FieldSpec['make'] = ({ random }) => exactNumber(`${random.integer(0, 10 ** random.integer(1, 11))}.${random.digits(2)}`);
/** 18 digits: more than a double holds. */
export const longNumber: FieldSpec['make'] = ({ random }) => exactNumber(`${random.integer(1, 9)}${random.digits(17)}`);
export const phone: FieldSpec['make'] = ({ random }) => `+${random.integer(1, 99)} ${random.digits(2)} ${random.digits(3)} ${random.digits(4)}`;
export const date: FieldSpec['make'] = ({ random }) => new Date(Date.UTC(1950 + random.integer(0, 80), random.integer(0, 11), random.integer(1, 28))).toISOString().slice(0, 10);
export const lines: FieldSpec['make'] = ({ random }) => Array.from({ length: random.integer(1, 6) }, () => random.pick(SENTENCES)).join('\r\n');
export const severalOf = (...values: readonly string[]): FieldSpec['make'] => ({ random }) => random.some(values, random.integer(1, values.length)).join(';');
export const email: FieldSpec['make'] = ({ random }) => `${random.letters(8).toLowerCase()}+crm@example.com`;

export function personName(path: string): FieldSpec[] {
  return [
    field(`${path}.Salutation`, 0.4, oneOf('Ms.', 'Mr.', 'Dr.', 'Prof.')),
    field(`${path}.FirstName`, 0.9, ({ random }) => random.pick(GIVEN_NAMES)),
    field(`${path}.LastName`, 1, ({ random }) => random.pick(FAMILY_NAMES)),
  ];
}

export function address(path: string, filled: number): FieldSpec[] {
  return [
    field(`${path}.Street`, filled, ({ random }) => random.pick(STREETS)),
    field(`${path}.City`, filled, ({ random }) => random.pick(CITIES)),
    field(`${path}.State`, filled / 3, ({ random }) => random.letters(2).toUpperCase()),
    field(`${path}.PostalCode`, filled, ({ random }) => random.digits(random.integer(4, 6))),
    field(`${path}.Country`, filled, ({ random }) => random.pick(COUNTRIES)),
    field(`${path}.Latitude`, filled / 4, ({ random }) => exactNumber(`${random.integer(-89, 89)}.${random.digits(6)}`)),
    field(`${path}.Longitude`, filled / 4, ({ random }) => exactNumber(`${random.integer(-179, 179)}.${random.digits(6)}`)),
  ];
}
