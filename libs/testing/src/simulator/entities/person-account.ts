import { account } from './account.ts';
import { contact } from './contact.ts';
import { address, currency, email, field, flag, lines, oneOf, personName, phone, type EntitySpec } from './field-spec.ts';

const loyalty = oneOf('Gold', 'Silber', 'Ohne Status');

/** An account that is a person: its name is in parts, and each change of it is one of its contact as well. */
export const personAccount: EntitySpec = {
  name: 'Account',
  prefix: account.prefix,
  fields: [
    ...personName('Name'),
    field('Status__c', 0.6, oneOf('Active', 'Active', 'Inactive', 'pending')),
    field('Phone', 0.7, phone),
    field('PersonEmail', 0.8, email),
    field('Loyalty__pc', 0.5, loyalty),
    field('Newsletter__c', 1, flag),
    field('Rating', 0.3, oneOf('Hot', 'Warm', 'Cold')),
    field('AnnualRevenue', 0.3, currency),
    field('Description', 0.4, lines),
    ...address('BillingAddress', 0.6),
  ],
  ...(account.formulas === undefined ? {} : { formulas: account.formulas }),
};

/** The contact behind one. */
export const personContact: EntitySpec = { ...contact, fields: [...contact.fields, field('Loyalty__c', 0.5, loyalty)] };

/** How the contact names what is a field of both; null for the account's own. */
export function contactPath(path: string): string | null {
  if (path === 'Name' || path.startsWith('Name.')) return path;
  if (path === 'PersonEmail') return 'Email';
  return path.endsWith('__pc') ? path.replace(/__pc$/, '__c') : null;
}
