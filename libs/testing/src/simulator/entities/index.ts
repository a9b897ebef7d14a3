import { account } from './account.ts';
import { contact } from './contact.ts';
import type { EntitySpec } from './field-spec.ts';
import { lead } from './lead.ts';
import { opportunity } from './opportunity.ts';

export type { Draw, EntitySpec, FieldSpec } from './field-spec.ts';

export const ENTITIES: readonly EntitySpec[] = [account, contact, opportunity, lead];
