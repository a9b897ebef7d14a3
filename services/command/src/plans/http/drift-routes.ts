import { Problem } from '@clientele/contracts';
import { listPlans } from '@clientele/event-store';
import { requireKey, securedByKey, type ApiKeys, type HttpServer } from '@clientele/service-kit';
import { Type } from '@sinclair/typebox';
import type { Pool } from 'pg';
import type { SourceBook } from '../../sources/source-book.ts';
import type { FeedWatch } from '../feed-watch.ts';
import { driftOf, DriftPage } from './drift-view.ts';

export interface DriftRouteParts {
  readonly pool: Pool;
  readonly sources: Pick<SourceBook, 'readable'>;
  readonly feeds: Pick<FeedWatch, 'of'>;
  readonly keys: ApiKeys;
}

const Query = Type.Object({ source: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })) }, { additionalProperties: false });
/** Of a source: enough that the last full comparison is among them. */
const MOST_PLANS = 500;

/** How far what we hold is from what the providers have. */
export function registerDriftRoutes(app: HttpServer, { pool, sources, feeds, keys }: DriftRouteParts): void {
  app.get(
    '/drift',
    {
      onRequest: requireKey(keys),
      schema: {
        tags: ['plans'], security: securedByKey, querystring: Query, response: { 200: DriftPage, default: Problem },
        summary: 'The share of records that were not as their provider shows them, by source and entity, as the last comparisons found it',
      },
    },
    async ({ query }) => {
      const wanted = sources.readable().filter(({ id }) => query.source === undefined || id === query.source);
      const items = await Promise.all(wanted.map(async ({ id, entities }) => {
        const plans = await listPlans(pool, { source: id, kinds: ['reconciliation'], states: ['done', 'failed'], limit: MOST_PLANS });
        return { source: id, feed: feedOf(feeds, id), entities: entities.map((entity) => driftOf(entity, plans)) };
      }));
      return { items };
    },
  );
}

function feedOf(feeds: Pick<FeedWatch, 'of'>, source: string) {
  const report = feeds.of(source);
  if (report === null) return null;
  return {
    asked_at: report.askedAt, alarms: [...report.alarms],
    relays: report.relays.map(({ resource, status, lastRelayedAt, error }) => ({ resource, status, last_relayed_at: lastRelayedAt, error })),
  };
}
