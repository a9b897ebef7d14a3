import { parseExact } from '@clientele/contracts';
import { isJsonObject, type Json, type JsonObject } from '@clientele/domain';
import { DemoError } from './demo-error.ts';

export interface RunningPlan {
  readonly id: string;
  readonly kind: string;
  /** What it is at, and of which entity: `changed Account`; empty before it begins. */
  readonly task: string;
}

/** Records of a source that are to be read. */
export interface WantedReads {
  readonly count: number;
  /** When that which is due longest was so, ms since 1970; null: none is due. */
  readonly dueAt: number | null;
}

const ANSWER_MS = 10_000;

/** Asks the command service what only those with an admin key may. */
export class CommandClient {
  readonly #address: string;
  readonly #key: string;

  constructor(address: string, key: string) {
    this.#address = address;
    this.#key = key;
  }

  /** Has all records of a source read. @returns the id of that plan. @throws DemoError where it is refused. */
  async load(source: string): Promise<string> {
    return await this.#plan({ kind: 'load', source });
  }

  /** Has all records of a source compared with what it holds. @returns the id of that plan. @throws DemoError where it is refused. */
  async compareAll(source: string): Promise<string> {
    return await this.#plan({ kind: 'reconciliation', mode: 'full', source });
  }

  async #plan(request: JsonObject): Promise<string> {
    const { status, body } = await this.#ask('/plans', { ...request, reason: 'npm run demo' });
    const plan = status === 201 ? parseExact(body) : undefined;
    if (isJsonObject(plan) && typeof plan['id'] === 'string') return plan['id'];
    throw new DemoError(`the command service does not take the plan ${JSON.stringify(request)}: ${status} ${body}`, 'is it of the same version? See its log');
  }

  /** How far a plan has come: records that it went through, and what they cost. */
  async progress(plan: string): Promise<{ records: number; calls: number }> {
    const { status, body } = await this.#ask(`/plans/${plan}`);
    const { progress } = jsonOf(status, body);
    return isJsonObject(progress) ? { records: Number(progress['done']), calls: Number(progress['api_calls']) } : { records: 0, calls: 0 };
  }

  /** Gives up a plan that is not over; what it sent stays decided. */
  async cancel(plan: string): Promise<void> {
    await this.#ask(`/plans/${plan}/cancel`, {});
  }

  /** Loads, repairs and comparisons of a source that are not over; null where the service cannot be asked now: it may have been killed. */
  async running(source: string): Promise<RunningPlan[] | null> {
    const query = new URLSearchParams({ source, state: 'running', limit: '200' });
    try {
      const { status, body } = await this.#ask(`/plans?${query.toString()}`);
      const { items } = jsonOf(status, body);
      return isList(items) ? items.filter(isJsonObject).flatMap((plan) => runningPlan(plan) ?? []) : [];
    } catch (error) {
      if (error instanceof DemoError) throw error;
      return null;
    }
  }

  /** Null where the service cannot be asked now. */
  async wantedReads(source: string): Promise<WantedReads | null> {
    try {
      const { status, body } = await this.#ask('/sources');
      const { items } = jsonOf(status, body);
      const [found] = isList(items) ? items.filter(isJsonObject).filter(({ id }) => id === source) : [];
      const reads = found?.['reads'];
      if (!isJsonObject(reads)) return null;
      const { open, taken, oldest_due_at: due } = reads;
      return { count: Number(open) + Number(taken), dueAt: typeof due === 'string' ? Date.parse(due) : null };
    } catch (error) {
      if (error instanceof DemoError) throw error;
      return null;
    }
  }

  /** A dead letter with its payload; null while there is none of this id. */
  async deadLetter(id: string): Promise<JsonObject | null> {
    const { status, body } = await this.#ask(`/dead-letters/${id}`);
    if (status === 404) return null;
    return jsonOf(status, body);
  }

  async #ask(path: string, body?: JsonObject): Promise<{ status: number; body: string }> {
    const response = await fetch(`${this.#address}${path}`, {
      headers: { 'x-api-key': this.#key, 'content-type': 'application/json' }, signal: AbortSignal.timeout(ANSWER_MS),
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    if (response.status === 401 || response.status === 403) throw new DemoError('the command service refuses the key', 'set ADMIN_API_KEYS as the service has it');
    return { status: response.status, body: await response.text() };
  }
}

function runningPlan({ id, kind, task }: JsonObject): RunningPlan | null {
  return typeof id === 'string' && typeof kind === 'string' ? { id, kind, task: typeof task === 'string' ? task : '' } : null;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function jsonOf(status: number, body: string): JsonObject {
  const answer = status === 200 ? parseExact(body) : undefined;
  if (!isJsonObject(answer)) throw new Error(`${status} ${body.slice(0, 200)}`);
  return answer;
}
