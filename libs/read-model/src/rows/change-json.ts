import type { ChangeRow } from '../schema/index.ts';
import { jsonText, objectText, timeText, type JsonText } from './json-text.ts';

/** What the ledger alone knows of a change. */
export interface LedgerFacts {
  /** How often it was seen again. */
  readonly repeats: number;
  /** How often it was taken up again after it was parked, and when it is next by itself. */
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
}

/** The row as JSON text of the `EventReadDTO`. */
export function changeJson(row: ChangeRow, { repeats, attempts, nextAttemptAt }: LedgerFacts): JsonText {
  return objectText({
    id: jsonText(row.id),
    event_type: row.eventType === null ? undefined : jsonText(row.eventType),
    provider: jsonText(row.provider),
    source: jsonText(row.source),
    entity: jsonText(row.entity),
    aggregate_type: jsonText(row.aggregateType),
    external_id: row.externalId === null ? undefined : jsonText(row.externalId),
    data: row.data,
    metadata: row.metadata,
    occurred_at: timeText(row.occurredAt),
    status: jsonText(row.status),
    outcome: jsonText(row.outcome),
    reason: jsonText(row.reason),
    errors: row.errors,
    warnings: row.warnings,
    received_at: timeText(row.receivedAt),
    processed_at: timeText(row.processedAt),
    aggregate_id: jsonText(row.aggregateId),
    position: jsonText(row.position),
    repeats: jsonText(repeats),
    attempts: jsonText(attempts),
    next_attempt_at: timeText(row.status === 'parked' ? nextAttemptAt : null),
  });
}

/** The day that begins a change id, `YYYY-MM-DD`: with the id, the key of its row. Null for an id that does not begin with a day, or can be none. */
export function dayOfChange(changeId: string): string | null {
  const match = /^(?!0000)(\d{4})(\d{2})(\d{2})-[^\p{Cc}\p{Cs}]{1,246}$/u.exec(changeId);
  if (match === null) return null;
  const day = `${match[1]}-${match[2]}-${match[3]}`;
  const time = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(time) || !new Date(time).toISOString().startsWith(day) ? null : day;
}
