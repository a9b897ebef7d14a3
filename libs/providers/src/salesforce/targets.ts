import type { Finding } from '@clientele/contracts';
import { readRecordId } from './record-id.ts';

/** What a change is about: a record, or all records of its object where Salesforce sent a wildcard or the overflow id. */
export type Target = { readonly kind: 'record'; readonly id: string } | { readonly kind: 'entity'; readonly id: string };

const MOST_FINDINGS = 20;

/** Every target once, in the order in which they were named; an id of 15 characters and its form of 18 are one. */
export function readTargets(recordIds: readonly string[], path: string): { targets: Target[]; findings: Finding[] } {
  const targets = new Map<string, Target>();
  const findings: Finding[] = [];
  for (const [at, text] of recordIds.entries()) {
    const reading = readRecordId(text);
    if (reading.kind !== 'wrong') targets.set(reading.id, reading);
    else if (findings.length < MOST_FINDINGS) findings.push({ path: `${path}[${at}]`, code: 'record_id', message: reading.message });
  }
  return { targets: [...targets.values()], findings };
}
