import { defineAggregate } from './define-aggregate.ts';

/** A deal that may be won. */
export const opportunity = defineAggregate('opportunity');
