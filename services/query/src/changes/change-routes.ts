import { EventReadDTO, Problem } from '@clientele/contracts';
import { dayOfChange } from '@clientele/read-model';
import { HttpProblem, securedByKey, type HttpServer } from '@clientele/service-kit';
import { Type } from '@sinclair/typebox';
import type { QueryParts } from '../parts.ts';
import { sendJson } from '../send-json.ts';
import { WaitSeconds } from '../views/after.ts';

const RETRY_AFTER_S = 1;
const ORDER = 'This is an order about a dead letter, and was carried out: what became of that is told under its own id';

export function registerChangeRoutes(app: HttpServer, { changes, waits, onRequest }: QueryParts): void {
  app.get(
    '/events/:id',
    {
      onRequest,
      schema: {
        tags: ['events'],
        security: securedByKey,
        summary: 'A change and what became of it; with wait, as soon as that is decided',
        params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 80, description: 'The change id that ingest answered with' }) }),
        querystring: Type.Object({ wait: Type.Optional(WaitSeconds) }, { additionalProperties: false }),
        response: { 200: EventReadDTO, default: Problem },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      if (dayOfChange(id) === null) throw new HttpProblem(404, `${id} is no change id`);
      const { wait = 0 } = request.query;
      const json = wait === 0 ? await changes.byId(id, null) : await waits.hold(request, wait, (signal) => changes.byId(id, signal));
      if (json !== null) return await sendJson(reply, json);
      if (await changes.isDoneOrder(id)) throw new HttpProblem(404, ORDER);
      throw new HttpProblem(404, `Nothing is known of change ${id} yet`, { retryAfter: RETRY_AFTER_S });
    },
  );
}
