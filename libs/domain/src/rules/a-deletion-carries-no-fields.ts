import type { Finding } from '../finding.ts';
import type { ChangeContext } from './contexts.ts';

/** A deletion says that the record is gone, and nothing else. */
export function aDeletionCarriesNoFields({ change }: ChangeContext): Finding[] {
  if (change.kind !== 'delete' || change.fields.length === 0) return [];
  return [{ path: change.fields[0]?.path ?? '', code: 'deletion_with_fields', message: 'A deletion came with values; they are taken like any others' }];
}
