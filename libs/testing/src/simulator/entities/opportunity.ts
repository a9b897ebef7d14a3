import { OFFERS } from '../vocabulary.ts';
import { tierOf } from './account.ts';
import { currency, date, field, lines, oneOf, type EntitySpec } from './field-spec.ts';

export const opportunity: EntitySpec = {
  name: 'Opportunity',
  prefix: '006',
  fields: [
    field('Name', 1, ({ random }) => random.pick(OFFERS)),
    field('AccountId', 0.95, (draw) => draw.account()),
    field('StageName', 1, oneOf('Prospecting', 'Qualification', 'Negotiation/Review', 'Closed Won', 'Closed Lost', 'Draft')),
    field('Amount', 0.8, currency),
    field('CurrencyIsoCode', 0.5, oneOf('EUR', 'CHF', 'JPY')),
    field('CloseDate', 1, date),
    field('Probability', 0.6, ({ random }) => random.integer(0, 100)),
    field('NextStep', 0.4, lines),
    field('LossReason__c', 0.1, oneOf('Price', 'Zeitpunkt', '競合')),
  ],
  formulas: [{ path: 'Account_Tier__c', of: (_, parent) => tierOf(parent('AccountId') ?? new Map()) }],
};
