import type { FieldWrite } from '@clientele/domain';
import { account, contact, opportunity, type Draw, type EntitySpec } from '../entities/index.ts';
import type { OrgChange } from '../org-change.ts';
import type { Moment, OrgRecord } from '../org-record.ts';
import type { OrgRecords } from '../org-records.ts';
import type { Random } from '../random.ts';
import type { OrgLife } from './options.ts';

/**
 * A lead becomes an account, a contact and, most times, an opportunity: they are created, and the lead says what became of it, in one
 * transaction whose last event may be stamped a second later. Nothing where there is no lead.
 */
export function convert(records: OrgRecords, random: Random, moment: Moment, draw: Draw, life: OrgLife): OrgChange[] {
  const leads = records.live('Lead');
  if (leads.size === 0) return [];
  const lead = leads.draw(random);
  const company = records.create(account, moment, draw, [
    ...flagsOf(account, life), { path: 'Name', value: lead.fields.get('Company') ?? '' }, ...taken(lead, 'Phone', 'Phone'), ...moved(lead, 'Address', 'BillingAddress'),
  ]);
  const accountId = { path: 'AccountId', value: company.recordId };
  const person = records.create(contact, moment, draw, [...flagsOf(contact, life), ...moved(lead, 'Name', 'Name'), ...taken(lead, 'Email', 'Email'), accountId]);
  const offers = random.chance(0.8) ? [records.create(opportunity, moment, draw, [accountId])] : [];
  const writes: FieldWrite[] = [
    { path: 'Status', value: 'Closed - Converted' },
    { path: 'IsConverted', value: true },
    { path: 'ConvertedDate', value: new Date(moment.stamp).toISOString().slice(0, 10) },
    { path: 'ConvertedAccountId', value: company.recordId },
    { path: 'ConvertedContactId', value: person.recordId },
    ...offers.map(({ recordId }) => ({ path: 'ConvertedOpportunityId', value: recordId })),
  ];
  records.retire(lead);
  const later = random.chance(0.5) ? { ...moment, stamp: moment.stamp + 1000 } : moment;
  return [company, person, ...offers, ...records.update(lead, writes, later)];
}

/** Checkboxes that tell kinds of records apart, where the org has both kinds: of new records they are off. */
export function flagsOf({ name }: EntitySpec, { conversions = 0, personAccounts = 0 }: OrgLife): FieldWrite[] {
  if (name === 'Lead' && conversions > 0) return [{ path: 'IsConverted', value: false }];
  return (name === 'Account' || name === 'Contact') && personAccounts > 0 ? [{ path: 'IsPersonAccount', value: false }] : [];
}

function taken(lead: OrgRecord, from: string, path: string): FieldWrite[] {
  return [{ path, value: lead.fields.get(from) ?? null }];
}

/** All components of a compound, those that have no value included. */
function moved(lead: OrgRecord, from: string, to: string): FieldWrite[] {
  const components = lead.spec.fields.map(({ path }) => path).filter((path) => path.startsWith(`${from}.`));
  return components.flatMap((path) => taken(lead, path, to + path.slice(from.length)));
}
