import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '@clientele/contracts';
import { LeaseKeeper, type Logger } from '@clientele/service-kit';
import type { Pool } from 'pg';

/** Something that must be done now and then. */
export interface Chore {
  readonly name: string;
  readonly everyMs: number;
  /** `signal`: somebody else is to do it, or nobody. */
  run(signal: AbortSignal): Promise<void>;
}

export interface MaintenanceParts {
  readonly pool: Pool;
  readonly chores: readonly Chore[];
  readonly logger: Logger;
  readonly leaseTtlMs: number;
}

/** Does the chores for as long as this process holds the lease for them: one process of all. */
export function keepHouse({ pool, chores, logger, leaseTtlMs }: MaintenanceParts): LeaseKeeper {
  return new LeaseKeeper({
    pool,
    group: 'maintenance',
    names: ['maintenance'],
    ttlMs: leaseTtlMs,
    hold: async ({ signal }) => void (await Promise.all(chores.map((chore) => repeat(chore, signal, logger)))),
    logger,
  });
}

/** Does a chore again and again until `signal` aborts. */
export async function repeat(chore: Chore, signal: AbortSignal, logger: Pick<Logger, 'warn' | 'error'>): Promise<void> {
  while (!signal.aborted) {
    try {
      await chore.run(signal);
    } catch (error) {
      // Whatever failed is tried again at its time; only what nobody expects is an error.
      logger[error instanceof UnavailableError ? 'warn' : 'error']({ err: error, chore: chore.name }, 'chore failed');
    }
    await sleep(chore.everyMs, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
