import { Problem } from '@clientele/contracts';
import type { ViewId } from '@clientele/projections';
import { requireKey, securedByKey, type ApiKeys, type HttpServer } from '@clientele/service-kit';
import { Type, type Static } from '@sinclair/typebox';
import type { ViewStatus, ViewStatusReader } from './view-status.ts';

const ProjectionStatus = Type.Object(
  {
    name: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    state: Type.Union([Type.Literal('current'), Type.Literal('catching_up'), Type.Literal('stalled')], {
      description: 'current: all entries are in; catching_up: moved within 30 s; stalled: did not',
    }),
    position: Type.String({ description: 'Last entry of the log that is in the view' }),
    head: Type.String({ description: 'Newest entry of the log' }),
    lag_events: Type.Integer({ minimum: 0 }),
    lag_seconds: Type.Number({ minimum: 0, description: 'Age of the oldest entry that is not in the view' }),
    progress: Type.Number({ minimum: 0, maximum: 1, description: 'Share of the log that is in the view' }),
    parked: Type.Integer({ minimum: 0, description: 'Rows that stand still because an entry could not be applied to them' }),
    waiting: Type.Integer({ minimum: 0, description: 'Later entries for those rows' }),
    served_version: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
      description: 'The version that readers see: another one while this is being built from the log, which stands still meanwhile',
    }),
    served_position: Type.Union([Type.String(), Type.Null()], { description: 'Last entry of the log that readers see' }),
    incarnation: Type.Union([Type.String(), Type.Null()]),
    moved_at: Type.String({ format: 'date-time' }),
  },
  { additionalProperties: false, $id: 'ProjectionStatus' },
);
type ProjectionStatus = Static<typeof ProjectionStatus>;

export function registerProjectionRoutes(http: HttpServer, reader: ViewStatusReader, views: readonly ViewId[], keys: ApiKeys): void {
  http.get(
    '/projections',
    {
      onRequest: requireKey(keys),
      schema: {
        summary: 'Where each view stands',
        description: 'Against the event log itself, whichever process writes the view.',
        security: securedByKey,
        response: { 200: Type.Object({ items: Type.Array(ProjectionStatus) }), default: Problem },
      },
    },
    async () => ({ items: (await reader.read(views)).map(projectionStatus) }),
  );
}

function projectionStatus(view: ViewStatus): ProjectionStatus {
  return {
    name: view.name,
    version: view.version,
    state: view.state,
    position: String(view.position),
    head: String(view.head),
    lag_events: view.lagEvents,
    lag_seconds: view.lagSeconds,
    progress: view.head === 0 ? 1 : Math.min(1, view.position / view.head),
    parked: view.parked,
    waiting: view.waiting,
    served_version: view.served?.version ?? null,
    served_position: view.served === null ? null : String(view.served.position),
    incarnation: view.incarnation,
    moved_at: view.movedAt.toISOString(),
  };
}
