import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '@clientele/contracts';
import { claimPlan, listPlans } from '@clientele/event-store';
import { LeaseKeeper, type Lease, type Logger } from '@clientele/service-kit';
import type { Pool } from 'pg';
import { RedriveRun, type RedriveRunParts } from './redrive-run.ts';

export interface CarryOnRedrivesParts extends RedriveRunParts {
  readonly leasePool: Pool;
  readonly logger: Logger;
  readonly leaseTtlMs: number;
}

const LOOK_EVERY_MS = 1_000;
const TICK_EVERY_MS = 100;
const MOST_AT_ONCE = 20;

/** Carries on all redrives that run, from where they stand, for as long as this process holds the lease for them. */
export function carryOnRedrives(parts: CarryOnRedrivesParts): LeaseKeeper {
  return new LeaseKeeper({
    pool: parts.leasePool, group: 'redrives', names: ['redrives'], ttlMs: parts.leaseTtlMs, logger: parts.logger,
    hold: (lease) => carryOn(lease, parts),
  });
}

async function carryOn({ epoch, signal }: Lease, parts: CarryOnRedrivesParts): Promise<void> {
  const runs = new Map<string, RedriveRun>();
  let lookedAt = -Infinity;
  while (!signal.aborted) {
    try {
      if (performance.now() - lookedAt > LOOK_EVERY_MS) {
        await look(runs, epoch, parts);
        lookedAt = performance.now();
      }
      for (const [id, run] of runs) if (!await run.tick()) runs.delete(id);
    } catch (error) {
      // What a run believes may not be what is saved: all are taken up anew.
      runs.clear();
      parts.logger[error instanceof UnavailableError ? 'warn' : 'error']({ err: error }, 'redrives wait');
      await pause(LOOK_EVERY_MS, signal);
    }
    await pause(runs.size > 0 ? TICK_EVERY_MS : LOOK_EVERY_MS, signal);
  }
}

/** Takes up what runs, and drops what does not any more. */
async function look(runs: Map<string, RedriveRun>, epoch: number, parts: CarryOnRedrivesParts): Promise<void> {
  const running = await listPlans(parts.pool, { kinds: ['redrive'], states: ['running'], limit: MOST_AT_ONCE });
  const ids = new Set(running.map(({ id }) => id));
  for (const id of runs.keys()) if (!ids.has(id)) runs.delete(id);
  for (const { id } of running) {
    if (runs.has(id)) continue;
    const plan = await claimPlan(parts.pool, id, epoch);
    if (plan !== null) runs.set(id, new RedriveRun(plan, epoch, parts));
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
