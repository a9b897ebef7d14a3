import { Type, type Static } from '@sinclair/typebox';
import { Finding } from './outcome.ts';

/** RFC 9457 problem details, `application/problem+json`. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    errors: Type.Array(Finding),
    /** Where the body was kept, for one that was not understood. */
    quarantine_id: Type.Optional(Type.String()),
    correlation_id: Type.Optional(Type.String()),
  },
  { additionalProperties: false, $id: 'Problem', title: 'Problem' },
);
export type Problem = Static<typeof Problem>;
