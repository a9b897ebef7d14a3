import { randomUUID } from 'node:crypto';
import { ValidationError, type Finding } from '@clientele/contracts';
import type { NewPlan } from '@clientele/event-store';
import type { SourceBook, ReadableSource } from '../../sources/source-book.ts';
import { loadPlan, reconciliationPlan } from '../new-plans.ts';
import type { PlanOrder } from './plan-view.ts';

const SAMPLE_RECORDS = 400;

/** The plan that somebody asks for. @throws ValidationError naming what is wrong with it, and what to do. */
export function orderedPlan(order: PlanOrder, sources: Pick<SourceBook, 'find' | 'readable'>, requestedBy: string, now: Date): NewPlan {
  const source = sources.find(order.source);
  const findings = mistakes(order, source, sources, now);
  if (findings.length > 0 || source === null) throw new ValidationError('The plan cannot be made as it was asked for', findings);
  const { kind, entity, from = null, until = null, mode = 'full', records = SAMPLE_RECORDS, reason = 'asked for' } = order;
  const scope = entity === undefined ? source : { ...source, entities: [entity] };
  const about = { id: randomUUID(), cause: reason, requestedBy };
  if (kind === 'reconciliation') return reconciliationPlan(scope, { ...about, mode, records });
  const load = loadPlan(scope);
  return { ...load, ...about, kind, entity: entity ?? null, params: { ...load.params, since: from, deletedSince: kind === 'load' ? null : from, until } };
}

function mistakes(order: PlanOrder, source: ReadableSource | null, sources: Pick<SourceBook, 'readable'>, now: Date): Finding[] {
  const { kind, entity, from, until, mode, records } = order;
  const findings: Finding[] = [];
  const add = (path: string, code: string, message: string): void => void findings.push({ path, code, message });
  if (source === null) {
    const known = sources.readable().map(({ id }) => id).join(', ') || 'none';
    add('source', 'not_readable', `is no source that can be read (these can: ${known}): add it, with base_url and credentials, to the file that CLIENTELE_CONFIG names`);
  } else if (entity !== undefined && !source.entities.includes(entity)) {
    add('entity', 'not_mapped', `is not mapped for ${source.provider} (mapped: ${source.entities.join(', ')}): add it to the mapping, or leave it out for all`);
  } else if (source.entities.length === 0) {
    add('source', 'nothing_mapped', `has no mapped entities: add them under mapping.${source.provider}`);
  }
  if (kind === 'window' && from === undefined) add('from', 'required', 'is missing: say since when changes may have been lost');
  if (kind !== 'window' && kind !== 'repair' && from !== undefined) add('from', 'not_of_this_kind', `does not go with a ${kind}, which reads everything: leave it out, or ask for a window`);
  if (until !== undefined && from === undefined) add('until', 'without_from', 'needs a from: leave it out, or say since when');
  if (from !== undefined && Date.parse(from) > now.getTime()) add('from', 'future', 'is in the future: give the time at which the outage began');
  if (from !== undefined && until !== undefined && Date.parse(from) >= Date.parse(until)) add('until', 'before_from', 'must be later than from');
  if (kind !== 'reconciliation' && mode !== undefined) add('mode', 'not_of_this_kind', 'goes with a reconciliation alone: leave it out');
  if (records !== undefined && mode !== 'sample') add('records', 'not_of_this_kind', 'goes with a sample alone: leave it out, or set mode to sample');
  return findings;
}
