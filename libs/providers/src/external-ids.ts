import { readRecordId } from './salesforce/record-id.ts';

/**
 * Every spelling under which a record may be kept that a person names by this id: the id itself, and the canonical form that a provider
 * would have given it (15 characters of a Salesforce id become 18).
 */
export function externalIdSpellings(id: string): string[] {
  const reading = readRecordId(id);
  return reading.kind === 'record' && reading.id !== id ? [id, reading.id] : [id];
}
