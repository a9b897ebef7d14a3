import type { ClienteleConfig, EventDispatcher, FaultPoint } from '@clientele/contracts';
import type { PostgresEventStore } from '@clientele/event-store';
import type { CrmProvider } from '@clientele/providers';
import type { LeaseKeeper, Logger } from '@clientele/service-kit';
import type { Pool } from 'pg';
import type { AdminRoutes } from '../admin-http.ts';
import type { ErrorHandler } from '../errors/error-handler.ts';
import type { Handlers } from '../handlers/handlers.ts';
import type { Chore } from '../maintenance/maintenance.ts';
import { DeadLetterStore } from './dead-letter-store.ts';
import { registerLookRoutes } from './look-routes.ts';
import { registerOrderRoutes } from './order-routes.ts';
import { carryOnRedrives } from './redrive/carry-on-redrives.ts';
import { RedriveLetters } from './redrive/redrive-letters.ts';
import { registerRedriveRoutes } from './redrive/redrive-routes.ts';
import { Resubmitter } from './resubmit.ts';
import { retryDue } from './retry-due.ts';
import { Trial } from './trial.ts';

export interface DeadLettersParts {
  readonly pool: Pool;
  readonly leasePool: Pool;
  readonly leaseTtlMs: number;
  readonly store: PostgresEventStore;
  readonly handlers: Handlers;
  readonly errors: ErrorHandler;
  readonly dispatcher: EventDispatcher;
  readonly providers: ReadonlyMap<string, CrmProvider>;
  readonly config: ClienteleConfig;
  readonly development: boolean;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly faultPoint: FaultPoint;
}

/** What is done about work that waits: by itself when it is due, and by people over the admin routes. */
export interface DeadLetters {
  readonly routes: AdminRoutes;
  /** Orders the next attempt of what is due. */
  readonly retries: Chore;
  /** Carries on what people had redriven. */
  readonly redrives: LeaseKeeper;
}

export function deadLetters(parts: DeadLettersParts): DeadLetters {
  const { pool, now } = parts;
  const redriven = new RedriveLetters(pool);
  const trial = new Trial(parts);
  const resubmitter = new Resubmitter(parts);
  return {
    async routes(http, keys) {
      const routeParts = { ...parts, letters: new DeadLetterStore(pool, now), trial, resubmitter, keys };
      registerLookRoutes(http, routeParts);
      await registerOrderRoutes(http, routeParts);
      registerRedriveRoutes(http, { pool, letters: redriven, keys, now });
    },
    retries: retryDue(parts),
    redrives: carryOnRedrives({ ...parts, letters: redriven }),
  };
}
