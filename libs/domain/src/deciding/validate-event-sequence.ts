import type { DomainEvent } from '../event.ts';
import type { Finding } from '../finding.ts';
import type { RecordState } from '../record.ts';
import { brokenRules, sequenceRules } from '../rules/index.ts';

/**
 * What must hold of every event that is appended to a history. An order of arrival can never break it: where it is broken, this code has
 * a bug.
 * @param history what the events so far lead to.
 */
export function validateEventSequence(event: DomainEvent, history: RecordState): Finding[] {
  return brokenRules(sequenceRules, { event, history });
}

/** A decision that must never have been made. */
export class EventSequenceError extends Error {
  override readonly name = 'EventSequenceError';
  readonly findings: readonly Finding[];
  constructor(findings: readonly Finding[]) {
    super(findings.map(({ message }) => message).join('; '));
    this.findings = findings;
  }
}

/** @throws EventSequenceError */
export function assertEventSequence(event: DomainEvent, history: RecordState): void {
  const findings = validateEventSequence(event, history);
  if (findings.length > 0) throw new EventSequenceError(findings);
}
