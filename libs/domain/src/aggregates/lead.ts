import { defineAggregate } from './define-aggregate.ts';

/** A person or company that may become a client. */
export const lead = defineAggregate('lead');
