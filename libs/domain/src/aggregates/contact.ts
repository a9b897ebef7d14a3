import { defineAggregate } from './define-aggregate.ts';

/** A person at a client. */
export const contact = defineAggregate('contact');
