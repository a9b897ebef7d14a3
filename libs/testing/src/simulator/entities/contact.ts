import { TITLES } from '../vocabulary.ts';
import { address, date, email, field, flag, lines, oneOf, personName, phone, type EntitySpec } from './field-spec.ts';

export const contact: EntitySpec = {
  name: 'Contact',
  prefix: '003',
  fields: [
    ...personName('Name'),
    field('AccountId', 0.9, (draw) => draw.account()),
    field('Email', 0.8, email),
    field('Phone', 0.5, phone),
    field('MobilePhone', 0.5, phone),
    field('Title', 0.6, ({ random }) => random.pick(TITLES)),
    field('Birthdate', 0.3, date),
    field('HasOptedOutOfEmail', 1, flag),
    field('LeadSource', 0.3, oneOf('Web', 'Partner', 'Fair')),
    field('Description', 0.3, lines),
    ...address('MailingAddress', 0.6),
  ],
};
