import { hash } from 'node:crypto';
import type { ProcessCrmEvent } from '@clientele/contracts';
import { clockTime } from '@clientele/domain';
import type { NewPlan } from '@clientele/event-store';
import type { EntityGap } from '@clientele/providers';
import type { ComparisonMode, PlanParams } from './plan-params.ts';

/** A UUID (version 8) made of texts: what is asked for twice is one plan. */
export function planId(...about: readonly string[]): string {
  const hex = hash('sha256', JSON.stringify(about), 'hex');
  const variant = (0x8 | (Number.parseInt(hex.charAt(16), 16) & 0x3)).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The part of a source that plans are made of. */
export interface PlannedSource {
  readonly id: string;
  readonly provider: string;
  readonly entities: readonly string[];
}

const WHOLE: Omit<PlanParams, 'entities'> = { since: null, deletedSince: null, until: null, mode: null, records: null };

/** Reads all records once, when the source is connected. */
export function loadPlan({ id: source, provider, entities }: PlannedSource): NewPlan {
  return {
    id: planId('load', source), kind: 'load', source, provider, entity: null, cause: 'connected',
    params: { ...WHOLE, entities }, requestedBy: 'plans',
  };
}

/** Transactions are stamped when they begin to write, and the longest run for so long. */
const LONGEST_TRANSACTION_MS = 3_600_000;

/** Reads what an entity gap left unsaid. The same gap, however often it is decided, is one plan. */
export function repairPlan({ source, entity, clock, stamped }: EntityGap, { commandId, provider }: Pick<ProcessCrmEvent, 'commandId' | 'provider'>): NewPlan {
  const since = new Date(Math.max(0, Date.parse(clockTime(clock)) - LONGEST_TRANSACTION_MS)).toISOString();
  return {
    id: planId('repair', commandId), kind: 'repair', source, provider, entity, cause: commandId,
    params: { ...WHOLE, entities: [entity], since: stamped ? since : null, deletedSince: since }, requestedBy: 'plans',
  };
}

export interface ReconciliationRequest {
  readonly mode: ComparisonMode;
  /** Of a sample, records an entity. */
  readonly records: number | null;
  readonly id: string;
  readonly cause: string;
  readonly requestedBy: string;
}

export function reconciliationPlan({ id: source, provider, entities }: PlannedSource, request: ReconciliationRequest): NewPlan {
  const { id, mode, records, cause, requestedBy } = request;
  const [entity = null, ...others] = entities;
  return {
    id, kind: 'reconciliation', source, provider, entity: others.length === 0 ? entity : null, cause, requestedBy,
    params: { ...WHOLE, entities, mode, records: mode === 'sample' ? records : null },
  };
}
