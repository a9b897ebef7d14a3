import { isInstant, Problem, ValidationError } from '@clientele/contracts';
import { createPlan, findPlan, listPlans, setPlanState, type Plan } from '@clientele/event-store';
import { HttpProblem, keyOf, requireKey, securedByKey, type ApiKeys, type HttpServer } from '@clientele/service-kit';
import { Type } from '@sinclair/typebox';
import type { Pool } from 'pg';
import type { SourceBook } from '../../sources/source-book.ts';
import { READING_PLANS } from '../plan-params.ts';
import { orderedPlan } from './plan-orders.ts';
import { PlanOrder, PlanPage, PlanQuery, planView, PlanView } from './plan-view.ts';

export interface PlanRouteParts {
  readonly pool: Pool;
  readonly sources: Pick<SourceBook, 'find' | 'readable'>;
  readonly keys: ApiKeys;
  readonly now: () => Date;
}

const Id = Type.Object({ id: Type.String({ format: 'uuid' }) });
const DEFAULT_LIMIT = 50;

/** Long work that reads providers, for people with an admin key. */
export function registerPlanRoutes(app: HttpServer, { pool, sources, keys, now }: PlanRouteParts): void {
  const common = { tags: ['plans'], security: securedByKey };
  const onRequest = requireKey(keys);

  app.get(
    '/plans',
    { onRequest, schema: { ...common, summary: 'Loads, repairs and reconciliations, newest first', querystring: PlanQuery, response: { 200: PlanPage, default: Problem } } },
    async ({ query: { kind, state, source, entity, limit = DEFAULT_LIMIT, cursor } }) => {
      const plans = await listPlans(pool, {
        kinds: kind === undefined ? READING_PLANS : [kind], limit: limit + 1,
        ...(state === undefined ? {} : { states: [state] }), ...(source === undefined ? {} : { source }), ...(entity === undefined ? {} : { entity }),
        ...(cursor === undefined ? {} : { after: decodeCursor(cursor) }),
      });
      const page = plans.slice(0, limit);
      const last = plans.length > limit ? page.at(-1) : undefined;
      return { items: page.flatMap((plan) => planView(plan) ?? []), next_cursor: last === undefined ? null : encodeCursor(last) };
    },
  );

  app.get(
    '/plans/:id',
    { onRequest, schema: { ...common, summary: 'One of them: its progress, its cost, what is left of it', params: Id, response: { 200: PlanView, default: Problem } } },
    async ({ params }) => viewOf(await findPlan(pool, params.id)),
  );

  app.post(
    '/plans',
    { onRequest, schema: { ...common, summary: 'Begin one', body: PlanOrder, response: { 201: PlanView, default: Problem } } },
    async (request, reply) => {
      const plan = await createPlan(pool, orderedPlan(request.body, sources, keyOf(request)?.name ?? 'unknown', now()));
      return await reply.code(201).header('location', `/plans/${plan.id}`).send(viewOf(plan));
    },
  );

  for (const [verb, state, summary] of TURNS) {
    app.post(
      `/plans/:id/${verb}`,
      { onRequest, schema: { ...common, summary, params: Id, response: { 200: PlanView, default: Problem } } },
      async ({ params: { id } }) => {
        const before = await findPlan(pool, id);
        viewOf(before);
        const plan = await setPlanState(pool, id, state);
        if (plan === null) throw new HttpProblem(409, `The plan is ${before?.state ?? 'gone'} and cannot be ${PARTICIPLES[verb]}`);
        return viewOf(plan);
      },
    );
  }
}

const TURNS = [
  ['cancel', 'cancelled', 'Give it up: what it sent stays decided'],
  ['pause', 'paused', 'Let it rest after its current step'],
  ['resume', 'running', 'Let a paused one go on where it was, or a failed one try again what it could not read'],
] as const;
const PARTICIPLES = { cancel: 'cancelled', pause: 'paused', resume: 'resumed' } as const;

function viewOf(plan: Plan | null): PlanView {
  const view = plan === null ? null : planView(plan);
  if (view === null) throw new HttpProblem(404, 'No plan has this id');
  return view;
}

function encodeCursor({ createdAt, id }: Pick<Plan, 'createdAt' | 'id'>): string {
  return Buffer.from(`${createdAt.toISOString()} ${id}`).toString('base64url');
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function decodeCursor(cursor: string): Pick<Plan, 'createdAt' | 'id'> {
  const [at = '', id = ''] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ');
  if (UUID.test(id) && isInstant(at)) return { createdAt: new Date(at), id };
  throw new ValidationError('The cursor is not one that this route gave', [{ path: 'cursor', code: 'cursor', message: 'take it from next_cursor' }]);
}
