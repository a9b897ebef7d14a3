import type { RunningSystem } from '../start/running-system.ts';
import type { ServiceName } from '../start/services.ts';

const ASK_MS = 3_000;

/** Which service makes each hop. */
export const HOPS = { accepted: 'ingest', decided: 'command', published: 'command', projected: 'projector', queryable: 'query' } as const satisfies Record<string, ServiceName>;
export type Hop = keyof typeof HOPS;

const USUAL: Record<Hop, string> = {
  accepted: 'its key (INGEST_API_KEYS), or the broker behind it',
  decided: 'no command process owns the lane, or the write database is away or slow',
  published: 'the relay does not lead, or the stream EVENTS was changed by hand',
  projected: 'the projector lags, or the read database is away or slow',
  queryable: 'query reads another database than the projector writes (READ_DATABASE_URL)',
};

/** Asks the service that makes the hop what ails it; the usual causes where it says nothing. */
export async function likelyCause(hop: Hop, system: RunningSystem): Promise<string> {
  const service = HOPS[hop];
  const address = system.addresses[service];
  for (const path of ['/health/ready', '/health/progress']) {
    const answer = await ask(`${address}${path}`);
    if (answer === null) return `${service} does not answer at ${address}: is it running? (npm start; its log: ${system.logs}/${service}.log)`;
    if (answer !== 'ok') return `${service} says at ${path}: ${answer}`;
  }
  return `${service} says that it is well; usual causes: ${USUAL[hop]}. Its log: ${system.logs}/${service}.log`;
}

async function ask(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ASK_MS) });
    const text = await response.text();
    return response.ok ? 'ok' : text;
  } catch {
    // Refused, or no answer in time: the caller says so.
    return null;
  }
}
