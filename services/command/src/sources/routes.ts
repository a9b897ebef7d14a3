import { Problem } from '@clientele/contracts';
import { HttpProblem, requireKey, securedByKey, type ApiKeys, type HttpServer } from '@clientele/service-kit';
import { Type } from '@sinclair/typebox';
import { SourceReport, sourceReports, type SourceReports } from './source-report.ts';

export interface SourceRoutesParts extends SourceReports {
  /** Makes due at once what was given up, or failed and is put off; answers how many. */
  readonly reopenReads: (source: string) => Promise<number>;
}

/** Sources and how reading them goes, for people with an admin key. */
export function registerSourceRoutes(app: HttpServer, parts: SourceRoutesParts, keys: ApiKeys): void {
  const common = { tags: ['sources'], security: securedByKey };
  const onRequest = requireKey(keys);

  app.get(
    '/sources',
    {
      onRequest,
      schema: {
        ...common,
        summary: 'Each source: its reader in this process, its quota, and the reads that are wanted',
        response: { 200: Type.Object({ items: Type.Array(SourceReport) }), default: Problem },
      },
    },
    async () => ({ items: await sourceReports(parts) }),
  );

  app.post(
    '/sources/:id/reads/retry',
    {
      onRequest,
      schema: {
        ...common,
        summary: 'Take reads up again that were given up or put off, once what kept them from being answered is mended',
        params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 255 }) }),
        response: { 200: Type.Object({ reads: Type.Integer({ minimum: 0 }) }), default: Problem },
      },
    },
    async ({ params: { id } }) => {
      if (parts.sources.find(id) === null) throw new HttpProblem(404, 'No source of this id can be read');
      return { reads: await parts.reopenReads(id) };
    },
  );
}
