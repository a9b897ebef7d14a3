import { LeaseKeeper, type Logger } from '@clientele/service-kit';
import type { Pool } from 'pg';
import type { Relay } from './relay.ts';

export interface RelayLeadership {
  readonly pool: Pool;
  readonly relay: Pick<Relay, 'lead'>;
  readonly logger: Logger;
  readonly leaseTtlMs: number;
}

/** Has the relay lead for as long as this process holds the one lease for it. */
export function leadRelay({ pool, relay, logger, leaseTtlMs }: RelayLeadership): LeaseKeeper {
  return new LeaseKeeper({ pool, group: 'relay', names: ['relay'], ttlMs: leaseTtlMs, hold: (lease) => relay.lead(lease), logger });
}
