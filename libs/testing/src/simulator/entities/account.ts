import { numberLiteral } from '@clientele/contracts';
import type { Json } from '@clientele/domain';
import { COMPANIES, INDUSTRIES, LEGAL_FORMS } from '../vocabulary.ts';
import { address, count, currency, date, field, flag, lines, longNumber, oneOf, phone, severalOf, type EntitySpec } from './field-spec.ts';

export const account: EntitySpec = {
  name: 'Account',
  prefix: '001',
  fields: [
    field('Name', 1, ({ random }) => `${random.pick(COMPANIES)} ${random.pick(LEGAL_FORMS)}`),
    field('Status__c', 0.6, oneOf('Active', 'Active', 'Active', 'Inactive', 'pending', 'Draft', 'Prospect')),
    field('Type', 0.5, oneOf('Customer - Direct', 'Prospect', 'Other')),
    field('Industry', 0.6, ({ random }) => random.pick(INDUSTRIES)),
    field('Rating', 0.3, oneOf('Hot', 'Warm', 'Cold')),
    field('Phone', 0.7, phone),
    field('AnnualRevenue', 0.6, currency),
    field('NumberOfEmployees', 0.5, count),
    field('LegacyNumber__c', 0.4, longNumber),
    field('CustomerSince__c', 0.4, date),
    field('Newsletter__c', 1, flag),
    field('Segments__c', 0.3, severalOf('A', 'B', 'C', 'Ü')),
    field('Description', 0.4, lines),
    field('ParentId', 0.15, (draw) => draw.account()),
    ...address('BillingAddress', 0.8),
    ...address('ShippingAddress', 0.4),
  ],
  formulas: [{ path: 'Tier__c', of: tierOf }],
};

export function tierOf(fields: ReadonlyMap<string, Json>): Json {
  const revenue = fields.get('AnnualRevenue');
  const amount = revenue === undefined ? 0 : Number(numberLiteral(revenue) ?? 0);
  return amount >= 1_000_000 ? 'A' : amount > 0 ? 'B' : 'C';
}
