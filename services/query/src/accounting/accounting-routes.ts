import { Accounting, Problem } from '@clientele/contracts';
import { securedByKey, type HttpServer } from '@clientele/service-kit';
import type { QueryParts } from '../parts.ts';
import { readAccounting } from './accounting-reader.ts';

export function registerAccountingRoutes(app: HttpServer, { eventLog, onRequest }: QueryParts): void {
  app.get(
    '/accounting',
    {
      onRequest,
      schema: {
        tags: ['accounting'],
        security: securedByKey,
        summary: 'Every accepted change and what became of it; unaccounted is 0 when nothing is missing',
        response: { 200: Accounting, default: Problem },
      },
    },
    () => readAccounting(eventLog),
  );
}
