import { Problem, ValidationError } from '@clientele/contracts';
import { createPlan, findPlan, setPlanState, uuidV7, type Plan } from '@clientele/event-store';
import { HttpProblem, keyOf, requireKey, securedByKey, type ApiKeys, type HttpServer } from '@clientele/service-kit';
import { Type } from '@sinclair/typebox';
import type { Pool } from 'pg';
import { redriveOrderId } from '../orders.ts';
import { Redrive, redriveCursor, redriveOf, RedriveRequest } from './redrive.ts';
import { tallyOf, type RedriveLetters } from './redrive-letters.ts';

export interface RedriveRouteParts {
  readonly pool: Pool;
  readonly letters: RedriveLetters;
  readonly keys: ApiKeys;
  readonly now: () => Date;
}

const Params = Type.Object({ id: Type.String({ format: 'uuid' }) });

/** Redriving many: begun, watched and cancelled here, carried on by whoever holds the lease. */
export function registerRedriveRoutes(app: HttpServer, { pool, letters, keys, now }: RedriveRouteParts): void {
  const onRequest = requireKey(keys);
  const common = { tags: ['dead letters'], security: securedByKey };

  app.post(
    '/dead-letters/redrive',
    {
      onRequest,
      schema: {
        ...common,
        summary: 'Have parked work decided again: by ids or a filter, at a rate, with a canary',
        body: RedriveRequest,
        response: { 202: Redrive, default: Problem },
      },
    },
    async (request, reply) => {
      const { ids, filter, rate = 100, canary } = request.body;
      if ((ids === undefined) === (filter === undefined)) {
        const message = 'give either ids or a filter; an empty filter means everything that is parked';
        throw new ValidationError('What is to be redriven is not clear', [{ path: ids === undefined ? 'filter' : 'ids', code: 'one_of', message }]);
      }
      const until = now().toISOString();
      const distinct = ids === undefined ? null : [...new Set(ids)];
      const total = distinct === null ? await letters.count(filter ?? {}, until) : distinct.length;
      if (distinct !== null && (await letters.byId(distinct, { parkedOnly: true })).length === 0) {
        throw new HttpProblem(404, 'None of these is parked', { errors: [{ path: 'ids', code: 'not_parked', message: 'take ids from GET /dead-letters?outcome=parked' }] });
      }
      const requestedBy = keyOf(request)?.name ?? '';
      const params = { ids: distinct, filter: filter ?? null, rate, canary: canary ?? null, until, total };
      const plan = await createPlan(pool, {
        id: uuidV7(), kind: 'redrive', source: filter?.source ?? null, provider: filter?.provider ?? null, entity: filter?.entity ?? null,
        cause: 'request', params, requestedBy,
      });
      reply.code(202).header('location', `/dead-letters/redrives/${plan.id}`);
      return redriveOf(plan);
    },
  );

  app.get(
    '/dead-letters/redrives/:id',
    { onRequest, schema: { ...common, summary: 'How a redrive goes', params: Params, response: { 200: Redrive, default: Problem } } },
    async ({ params }) => redriveOf(await withItsEnd(known(await findPlan(pool, params.id)), letters)),
  );

  app.post(
    '/dead-letters/redrives/:id/cancel',
    { onRequest, schema: { ...common, summary: 'End a redrive; what was ordered is decided still', params: Params, response: { 200: Redrive, default: Problem } } },
    async ({ params }) => {
      const plan = known(await findPlan(pool, params.id));
      const cancelled = plan.state === 'cancelled' ? plan : await setPlanState(pool, params.id, 'cancelled');
      if (cancelled === null) throw new HttpProblem(409, `The redrive is ${plan.state} already`);
      return redriveOf(await withItsEnd(cancelled, letters));
    },
  );
}

/** Of one that was cancelled nobody counts any more what becomes of its last orders: who asks is told. */
async function withItsEnd(plan: Plan, letters: RedriveLetters): Promise<Plan> {
  const { window } = redriveCursor(plan);
  if (plan.state !== 'cancelled' || window.length === 0) return plan;
  const results = await letters.results(window.map((target) => redriveOrderId(plan.id, target)));
  const late = Object.entries(tallyOf(results.values())).map(([name, n]): [string, number] => [name, (plan.counters[name] ?? 0) + n]);
  return { ...plan, counters: { ...plan.counters, ...Object.fromEntries(late) } };
}

function known(plan: Plan | null): Plan {
  if (plan === null || plan.kind !== 'redrive') throw new HttpProblem(404, 'No redrive has this id');
  return plan;
}
