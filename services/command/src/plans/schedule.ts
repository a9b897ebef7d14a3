import { hash } from 'node:crypto';
import { connectSource, createPlan, noteSource } from '@clientele/event-store';
import type { Pool } from 'pg';
import { loadPlan, planId, reconciliationPlan, type PlannedSource } from './new-plans.ts';
import type { ComparisonMode } from './plan-params.ts';

export interface ScheduleSettings {
  readonly loadOnConnect: boolean;
  /** 0: never. */
  readonly sampleEveryMs: number;
  readonly sampleRecords: number;
  /** 0: never. */
  readonly fullEveryMs: number;
}

/**
 * Makes the plans of a source that nobody has to ask for: a load when it is connected, then comparisons, each source's at another time of
 * the interval. A plan's id says which turn it is, so it is made once, by whichever process, also after a time when none ran: then one
 * comparison makes good for all that were left out.
 */
export async function schedulePlans(pool: Pool, source: PlannedSource, settings: ScheduleSettings, now: number): Promise<void> {
  if (source.entities.length === 0) return;
  const { loadPlan: loadedBy, connectedAt } = await connectSource(pool, source.id, source.provider);
  if (loadedBy === null && settings.loadOnConnect) {
    const { id } = await createPlan(pool, loadPlan(source));
    await noteSource(pool, source.id, { loadPlan: id });
  }
  const compare = async (mode: ComparisonMode, everyMs: number): Promise<void> => {
    const turn = turnAt(source.id, mode, everyMs, now);
    if (turn === null || turn.beginsAt < connectedAt.getTime()) return;
    const id = planId('reconciliation', source.id, mode, String(everyMs), String(turn.number));
    await createPlan(pool, reconciliationPlan(source, { id, mode, records: settings.sampleRecords, cause: 'scheduled', requestedBy: 'plans' }));
  };
  await compare('sample', settings.sampleEveryMs);
  await compare('full', settings.fullEveryMs);
}

interface Turn {
  readonly number: number;
  /** Ms since 1970. */
  readonly beginsAt: number;
}

/** Which interval it is, each source's and mode's moved by some part of it. */
export function turnAt(source: string, mode: string, everyMs: number, now: number): Turn | null {
  if (everyMs <= 0) return null;
  const jitter = Number.parseInt(hash('sha256', `${source} ${mode}`, 'hex').slice(0, 8), 16) / 2 ** 32;
  const offset = Math.floor(jitter * everyMs);
  const number = Math.floor((now - offset) / everyMs);
  return { number, beginsAt: number * everyMs + offset };
}
