import { account } from './account.ts';
import { contact } from './contact.ts';
import type { EntitySpec } from './field-spec.ts';
import { lead } from './lead.ts';
import { opportunity } from './opportunity.ts';

export { account } from './account.ts';
export { contact } from './contact.ts';
export type { Draw, EntitySpec, FieldSpec, Formula } from './field-spec.ts';
export { lead } from './lead.ts';
export { opportunity } from './opportunity.ts';
export { contactPath, personAccount, personContact } from './person-account.ts';

export const ENTITIES: readonly EntitySpec[] = [account, contact, opportunity, lead];
