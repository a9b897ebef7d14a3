import { Type, type Static } from '@sinclair/typebox';
import type { Outcome } from './outcome.ts';

const Count = Type.Integer({ minimum: 0 });
const CountsByOutcome = {
  applied: Count, superseded: Count, ignored: Count, parked: Count, quarantined: Count, rejected: Count, discarded: Count, erased: Count,
} satisfies Record<Outcome, typeof Count>;

export const AccountingLine = Type.Object(
  {
    /** Changes up to the lanes' checkpoints, by the numbers that publishers put on their envelopes, holes included. */
    accepted: Count,
    repeats: Count,
    outcomes: Type.Object(CountsByOutcome),
    /** accepted - repeats - rows of the ledger. 0 when every accepted change has its outcome. */
    unaccounted: Type.Integer(),
    /** Answers to what we asked the source, and orders to take up what was parked: decided like changes, and no part of the rest. */
    reads: Count,
    orders: Count,
  },
  { additionalProperties: false },
);
export type AccountingLine = Static<typeof AccountingLine>;

/** `GET /accounting`. */
export const Accounting = Type.Object(
  {
    ...AccountingLine.properties,
    /** Changes whose numbers never arrived: part of `accepted`, and so of `unaccounted`. Their source is not known. */
    lost: Count,
    /** Broker messages behind the lanes' checkpoints, as the command service last saw them. */
    in_flight: Count,
    sources: Type.Record(Type.String(), AccountingLine),
    position: Type.String(),
  },
  { additionalProperties: false, $id: 'Accounting' },
);
export type Accounting = Static<typeof Accounting>;
