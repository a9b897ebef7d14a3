import { randomBytes } from 'node:crypto';
import type { RecordRead } from '@clientele/contracts';
import type { Reading } from '@clientele/providers';

/** A reading that says something of its record. */
export type Answer = Extract<Reading, { readonly kind: 'found' | 'deleted' }>;

export function isAnswer(reading: Reading): reading is Answer {
  return reading.kind === 'found' || reading.kind === 'deleted';
}

export interface ReadingContext {
  readonly provider: string;
  readonly source: string;
  /** The running number of the reader. */
  readonly number: number;
  /** Why it was read: see `RecordRead.cause`. */
  readonly cause: string;
  readonly correlationId: string;
  readonly now: Date;
}

/** The provider names a whole second, whose end its window tells; the domain adds that end itself. */
const SECOND_END_MS = 999;

/** What a look found as a command for its record's lane, under an id of its own: a look that is taken again is another one. */
export function recordReadCommand(answer: Answer, { provider, source, number, cause, correlationId, now }: ReadingContext): RecordRead {
  const { entity, id, window } = answer;
  const until = new Date(Date.parse(window.until) - SECOND_END_MS).toISOString();
  return {
    type: 'RecordRead',
    schemaVersion: 1,
    commandId: `${until.slice(0, 10).replaceAll('-', '')}-${randomBytes(21).toString('base64url').slice(0, 27)}`,
    provider,
    source,
    entity,
    external_id: id,
    read: { from: window.from, until, number },
    result: answer.kind,
    survivor_id: answer.kind === 'deleted' ? answer.survivorId : null,
    data: answer.kind === 'found' ? { ...answer.fields } : {},
    cause,
    correlationId,
    receivedAt: now.toISOString(),
  };
}
