import type { Finding } from '../finding.ts';
import type { ChangeContext } from './contexts.ts';
import { aDeletionCarriesNoFields } from './a-deletion-carries-no-fields.ts';
import { aReferenceIsAnId } from './a-reference-is-an-id.ts';
import { aReferencePointsAtItsEntity } from './a-reference-points-at-its-entity.ts';
import { aValueFitsItsType } from './a-value-fits-its-type.ts';
import { anAmountHasItsCurrency } from './an-amount-has-its-currency.ts';
import { brokenRules, type Rule } from './rule.ts';

const consistencyRules: readonly Rule<ChangeContext>[] = [
  aReferenceIsAnId, aReferencePointsAtItsEntity, aValueFitsItsType, anAmountHasItsCurrency, aDeletionCarriesNoFields,
];

/** The change's fields make sense beside each other and the mapping. */
export function dataConsistency(context: ChangeContext): Finding[] {
  return brokenRules(consistencyRules, context);
}
