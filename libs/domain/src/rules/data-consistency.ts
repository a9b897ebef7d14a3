import type { Finding } from '../finding.ts';
import type { ChangeContext } from './contexts.ts';
import { aDeletionCarriesNoFields } from './a-deletion-carries-no-fields.ts';
import { aReferenceIsAnId } from './a-reference-is-an-id.ts';
import { brokenRules } from './rule.ts';

/** The change's fields make sense beside each other and the mapping. */
export function dataConsistency(context: ChangeContext): Finding[] {
  return brokenRules([aReferenceIsAnId, aDeletionCarriesNoFields], context);
}
