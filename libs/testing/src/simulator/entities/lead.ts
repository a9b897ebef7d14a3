import { COMPANIES, TITLES } from '../vocabulary.ts';
import { address, count, currency, email, field, lines, oneOf, personName, phone, type EntitySpec } from './field-spec.ts';

export const lead: EntitySpec = {
  name: 'Lead',
  prefix: '00Q',
  fields: [
    ...personName('Name'),
    field('Company', 1, ({ random }) => random.pick(COMPANIES)),
    field('Status', 1, oneOf('Open - Not Contacted', 'Working - Contacted', 'Closed - Not Converted', 'Pending')),
    field('Email', 0.8, email),
    field('Phone', 0.5, phone),
    field('Title', 0.5, ({ random }) => random.pick(TITLES)),
    field('Rating', 0.3, oneOf('Hot', 'Warm', 'Cold')),
    field('AnnualRevenue', 0.3, currency),
    field('NumberOfEmployees', 0.3, count),
    field('Description', 0.3, lines),
    ...address('Address', 0.5),
  ],
};
