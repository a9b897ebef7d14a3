import { shortText } from '@clientele/service-kit';
import { Type, type Static } from '@sinclair/typebox';

const Name = shortText();

/** The id of a dead letter. */
export const LetterId = Type.String({ pattern: '^[0-9]{8}-[A-Za-z0-9_-]{1,71}$', description: 'An id as GET /dead-letters has it' });

const AGE = '^[1-9]\\d{0,5}[smhd]$';

/** Which dead letters are meant; all of it must hold. */
export const letterFilterFields = {
  reason: Type.Optional(Name),
  provider: Type.Optional(Name),
  source: Type.Optional(Name),
  entity: Type.Optional(Name),
  /** Received longer ago than that: `90s`, `30m`, `12h`, `7d`. */
  older_than: Type.Optional(Type.String({ pattern: AGE, description: 'Received longer ago than that: 90s, 30m, 12h, 7d' })),
};
export const LetterFilter = Type.Object(letterFilterFields, { additionalProperties: false });
export type LetterFilter = Static<typeof LetterFilter>;

export type WaitingOutcome = 'parked' | 'quarantined';
export const WAITING_OUTCOMES: readonly WaitingOutcome[] = ['parked', 'quarantined'];

/** With the first six parameters of a statement, as `filterValues` gives them. */
export const FILTERED = `outcome in ('parked', 'quarantined') and outcome = any($1)
          and ($2::text is null or reason = $2) and ($3::text is null or source = $3) and ($4::text is null or provider = $4)
          and ($5::text is null or entity = $5) and ($6::timestamptz is null or received_at < $6)`;

export function filterValues(filter: LetterFilter, outcomes: readonly WaitingOutcome[], now: Date): readonly unknown[] {
  const { reason = null, source = null, provider = null, entity = null, older_than: age } = filter;
  return [outcomes, reason, source, provider, entity, age === undefined ? null : new Date(Math.max(0, now.getTime() - ageMs(age))).toISOString()];
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function ageMs(age: string): number {
  return Number(age.slice(0, -1)) * (UNIT_MS[age.slice(-1)] ?? 0);
}
