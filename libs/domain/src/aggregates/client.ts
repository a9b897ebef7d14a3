import { defineAggregate } from './define-aggregate.ts';

/** A company or person that we do business with. */
export const client = defineAggregate('client');
