import type { LaneName } from '@clientele/contracts';
import { LeaseKeeper, type Logger } from '@clientele/service-kit';
import { fenceLane } from '@clientele/event-store';
import type { Pool } from 'pg';
import type { LaneLoop } from './lane-loop.ts';

export interface LaneOwnerParts {
  readonly pool: Pool;
  readonly lanes: readonly LaneName[];
  readonly loop: Pick<LaneLoop, 'run'>;
  readonly logger: Logger;
  readonly leaseTtlMs: number;
}

/** Keeps this process's share of the lanes, and a loop at work in each. */
export function ownLanes({ pool, lanes, loop, logger, leaseTtlMs }: LaneOwnerParts): LeaseKeeper {
  const byName = new Map<string, LaneName>(lanes.map((lane) => [lane, lane]));
  return new LeaseKeeper({
    pool,
    group: 'lanes',
    names: lanes,
    ttlMs: leaseTtlMs,
    fence: fenceLane,
    async hold(lease) {
      const lane = byName.get(lease.name);
      if (lane !== undefined) await loop.run(lane, lease);
    },
    logger,
  });
}
