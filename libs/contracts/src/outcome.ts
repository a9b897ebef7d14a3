import { Type, type Static } from '@sinclair/typebox';

export const OUTCOMES = ['applied', 'superseded', 'ignored', 'parked', 'quarantined', 'rejected', 'discarded', 'erased'] as const;
export const Outcome = Type.Union(OUTCOMES.map((outcome) => Type.Literal(outcome)));
export type Outcome = (typeof OUTCOMES)[number];

/** One finding of a validation. `path` names the field (`data.AnnualRevenue`), `code` is stable, `message` says what to do. */
export const Finding = Type.Object({ path: Type.String(), code: Type.String(), message: Type.String() }, { additionalProperties: false });
export type Finding = Static<typeof Finding>;
