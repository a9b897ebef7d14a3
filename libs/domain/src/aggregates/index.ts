import { client } from './client.ts';
import { contact } from './contact.ts';
import { defineAggregate, type Aggregate } from './define-aggregate.ts';
import { lead } from './lead.ts';
import { opportunity } from './opportunity.ts';

export { client, contact, defineAggregate, lead, opportunity, type Aggregate };

const known = new Map([client, contact, opportunity, lead].map((aggregate) => [aggregate.type, aggregate]));

/** The aggregate of a type; a type that only a mapping names is a record like the others. */
export function aggregateOf(type: string): Aggregate {
  return known.get(type) ?? defineAggregate(type);
}
