import { HttpProblem } from '@clientele/service-kit';
import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import type { ViewName, ViewPositions } from './view-positions.ts';
import type { Waits } from './waits.ts';

const DEFAULT_WAIT_S = 5;

export const WaitSeconds = Type.Integer({ minimum: 0, maximum: 30, description: 'Seconds to hold the answer at most' });

export const AfterQuery = Type.Object(
  {
    after: Type.Optional(
      Type.String({ pattern: '^\\d{1,16}$', description: 'A log position that the answer must have seen; held until then' }),
    ),
    wait: Type.Optional(WaitSeconds),
  },
  { additionalProperties: false },
);

/** Holds the request until the view has seen what the caller knows of. @throws HttpProblem 503 when it has not in time */
export async function untilReached(
  request: FastifyRequest,
  { views, waits }: { views: ViewPositions; waits: Waits },
  view: ViewName,
  { after, wait = DEFAULT_WAIT_S }: { after?: string | undefined; wait?: number | undefined },
): Promise<void> {
  if (after === undefined) return;
  const reached = await waits.hold(request, wait, (signal) => views.reached(view, Number(after), signal));
  if (!reached) throw new HttpProblem(503, `The view has not reached position ${after} within ${wait} s`, { retryAfter: 1 });
}
