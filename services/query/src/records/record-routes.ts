import { Problem, Record as RecordDTO } from '@clientele/contracts';
import { externalIdSpellings } from '@clientele/providers';
import { HttpProblem, securedByKey, type HttpServer } from '@clientele/service-kit';
import { Type } from '@sinclair/typebox';
import type { QueryParts } from '../parts.ts';
import { sendJson, sendTagged } from '../send-json.ts';
import { AfterQuery, untilReached } from '../views/after.ts';
import { listRecords } from './record-list.ts';
import { ListQuery } from './record-query.ts';

/** Where the records of each standard aggregate are found; any other is under `/records/<its type>`. */
export const RECORD_PATHS = [
  { path: '/clients', type: 'client' },
  { path: '/contacts', type: 'contact' },
  { path: '/opportunities', type: 'opportunity' },
  { path: '/leads', type: 'lead' },
  { path: '/records/:type', type: null },
] as const;

export const RecordParams = Type.Object({
  type: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9_]{0,62}$' })),
  id: Type.String({ format: 'uuid', description: 'The aggregate id; look records up by the id of a CRM with ?external_id= on the list' }),
});

const ListParams = Type.Pick(RecordParams, ['type']);
const RecordPageDTO = Type.Object({
  items: Type.Array(RecordDTO),
  next_cursor: Type.Union([Type.String(), Type.Null()]),
  position: Type.String({ description: 'The log position that the view had reached; hand it to ?after= elsewhere' }),
});

export function registerRecordRoutes(app: HttpServer, { database, types, records, views, waits, onRequest }: QueryParts): void {
  for (const { path, type } of RECORD_PATHS) {
    const tags = [type ?? 'records'];
    app.get(
      path,
      {
        onRequest,
        schema: {
          tags,
          security: securedByKey,
          summary: 'Records, filtered and sorted',
          params: ListParams,
          querystring: Type.Composite([ListQuery, AfterQuery], { additionalProperties: false }),
          response: { 200: RecordPageDTO, default: Problem },
        },
      },
      async (request, reply) => {
        const { sort = '-updated_at', limit = 50, cursor = null, after, wait, ...filters } = request.query;
        const listed = type ?? request.params.type ?? '';
        await untilReached(request, { views, waits }, 'records', { after, wait });
        if (type === null) await types.require(listed);
        const externalIds = filters.external_id === undefined ? [] : externalIdSpellings(filters.external_id);
        const position = await views.look('records');
        const page = await listRecords(database, { type: listed, filters, externalIds, sort, limit, cursor });
        const items = await Promise.all(page.rows.map((row) => records.inWords(row)));
        return await sendJson(
          reply,
          `{"items":[${items.join(',')}],"next_cursor":${JSON.stringify(page.nextCursor)},"position":"${position}"}`,
        );
      },
    );
    app.get(
      `${path}/:id`,
      {
        onRequest,
        schema: {
          tags,
          security: securedByKey,
          summary: 'One record',
          params: RecordParams,
          querystring: AfterQuery,
          response: { 200: RecordDTO, 304: Type.Null({ description: 'The record is as If-None-Match has it' }), default: Problem },
        },
      },
      async (request, reply) => {
        if (request.query.after !== undefined) await untilReached(request, { views, waits }, 'records', request.query);
        const { id, type: named = '' } = request.params;
        const json = await records.byId(id.toLowerCase(), type ?? named);
        if (json === null) throw new HttpProblem(404, `There is no ${type ?? named} ${id}`);
        return await sendTagged(request, reply, json);
      },
    );
  }
}
