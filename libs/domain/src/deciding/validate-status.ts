import type { AggregateDefinition } from '../definition.ts';
import type { Finding } from '../finding.ts';
import type { RecordState } from '../record.ts';
import { brokenRules, statusRules } from '../rules/index.ts';

/** What is odd about the record's status. Its value is kept and told as it is. */
export function validateStatus(state: RecordState, definition: AggregateDefinition): Finding[] {
  return brokenRules(statusRules, { state, definition });
}
