import { Problem, PublishedEvent } from '@clientele/contracts';
import { HttpProblem, securedByKey, type HttpServer } from '@clientele/service-kit';
import { Type } from '@sinclair/typebox';
import type { QueryParts } from '../parts.ts';
import { sendJson } from '../send-json.ts';
import { readCursor, writeCursor } from '../records/page-cursor.ts';
import { RECORD_PATHS, RecordParams } from '../records/record-routes.ts';
import { readHistory } from './history-reader.ts';

const HistoryQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
    cursor: Type.Optional(Type.String({ maxLength: 1_000, description: 'next_cursor of the page before' })),
  },
  { additionalProperties: false },
);

const HistoryPageDTO = Type.Object({
  items: Type.Array(
    Type.Object({
      id: Type.String(),
      position: Type.String(),
      ...PublishedEvent.properties,
      summary: Type.String({ description: 'The event in words for people; not for programs' }),
      occurred_at: Type.String(),
      recorded_at: Type.String(),
    }),
  ),
  next_cursor: Type.Union([Type.String(), Type.Null()]),
  position: Type.String({ description: 'The newest position of the log' }),
});

/** The version after which the next page begins. */
const Place = Type.Integer({ minimum: 1 });

export function registerHistoryRoutes(app: HttpServer, { eventLog, onRequest }: QueryParts): void {
  for (const { path, type } of RECORD_PATHS) {
    app.get(
      `${path}/:id/history`,
      {
        onRequest,
        schema: {
          tags: [type ?? 'records'],
          security: securedByKey,
          summary: 'The events of a record, in order',
          params: RecordParams,
          querystring: HistoryQuery,
          response: { 200: HistoryPageDTO, default: Problem },
        },
      },
      async (request, reply) => {
        const { limit = 100, cursor } = request.query;
        const { id, type: named = '' } = request.params;
        const after = cursor === undefined ? 0 : readCursor(cursor, Place, ['history', id]);
        const page = await readHistory(eventLog, { id, type: type ?? named, after, limit });
        if (page.items.length === 0 && after === 0) throw new HttpProblem(404, `There is no ${type ?? named} ${id}`);
        const next = page.lastVersion === null ? null : writeCursor(page.lastVersion, ['history', id]);
        return await sendJson(
          reply,
          `{"items":[${page.items.join(',')}],"next_cursor":${JSON.stringify(next)},"position":"${page.position}"}`,
        );
      },
    );
  }
}
