import { EventWriteDTO } from '@clientele/contracts';
import { Type, type Static } from '@sinclair/typebox';
import { Would } from './dead-letter.ts';

const Reason = Type.String({ maxLength: 1000, pattern: '\\S', description: 'Why; kept beside what was done' });

/** The members that are given take the place of the change's own, each as a whole. */
export const EditRequest = Type.Object(
  { event: Type.Object(Type.Partial(Type.Object(EventWriteDTO.properties)).properties, { additionalProperties: false, minProperties: 1 }), reason: Reason },
  { additionalProperties: false },
);
export type EditRequest = Static<typeof EditRequest>;

export const DiscardRequest = Type.Object({ reason: Reason }, { additionalProperties: false });

const receipt = {
  /** Of the dead letter. */
  id: Type.String(),
  /** Of the order; what becomes of it can be read at the query service's `GET /events/{order_id}` where it was not carried out. */
  order_id: Type.String(),
  status: Type.Literal('accepted'),
};
export const OrderReceipt = Type.Object(receipt, { additionalProperties: false, $id: 'OrderReceipt' });
export const EditReceipt = Type.Object({ ...receipt, would: Would }, { additionalProperties: false, $id: 'EditReceipt' });

export const ResubmitReceipt = Type.Object(
  {
    id: Type.String(),
    /** The commands that it became, each under its own id: new changes, or repeats of those that an earlier re-submission made. */
    changes: Type.Array(Type.String()),
  },
  { additionalProperties: false, $id: 'ResubmitReceipt' },
);
