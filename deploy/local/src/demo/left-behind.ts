import { parseExact, stringifyExact } from '@clientele/contracts';
import { isJsonObject, type JsonObject } from '@clientele/domain';
import { eventually } from '@clientele/testing';
import type { RunningSystem } from '../start/running-system.ts';
import { accountChanged } from '../start/sample-change.ts';
import { CommandClient } from './command-client.ts';
import { DemoError } from './demo-error.ts';
import { QueryClient } from './query-client.ts';
import type { SimulatedOrg } from './simulated-org.ts';

const DAY_MS = 86_400_000;
const SEEN_MS = 30_000;
const ANSWER_MS = 10_000;

/** What a run leaves for its reader to find: all that the commands about it need. */
export interface LeftBehind {
  readonly source: string;
  /** The id of a change that was parked, since its clock is two days ahead. */
  readonly parked: string;
  /** What the change's metadata would be with the present time in it. */
  readonly mended: JsonObject;
  /** The id of an account that a gap told of while nobody answered at the org. */
  readonly gap: string;
  readonly gapAt: Date;
}

/** Sends a change that nobody can decide, and a gap that nobody can look into, since the org no longer answers. @throws DemoError where they are not taken so. */
export async function leaveBehind(org: SimulatedOrg, system: RunningSystem): Promise<LeftBehind | null> {
  const [poisoned, lost] = org.truth().filter(({ entity, lifecycle }) => entity === 'Account' && lifecycle === 'active');
  if (poisoned === undefined || lost === undefined || org.server === null) return null;
  const query = new QueryClient(system.addresses.query, system.keys.query);
  const command = new CommandClient(system.addresses.command, system.keys.admin);
  org.server.habits.down = true;
  const now = new Date();
  const send = async (change: Omit<Parameters<typeof accountChanged>[0], 'org'>): Promise<string> => await accepted(system, accountChanged({ ...change, org: org.org.id }));
  const parked = await send({ externalId: poisoned.externalId, changeType: 'UPDATE', at: new Date(now.getTime() + 2 * DAY_MS), fields: { Description: 'From the future' } });
  await send({ externalId: lost.externalId, changeType: 'GAP_UPDATE', at: now, fields: {} });
  const letter = await eventually('the poisoned change among the dead letters', async () => await command.deadLetter(parked), { until: (found) => found !== null, timeoutMs: SEEN_MS });
  await eventually('the gap\'s record in doubt', async () => await query.records('clients', org.source), {
    until: (records) => records.some(({ externalId, dirtySince }) => externalId === lost.externalId && dirtySince !== null), timeoutMs: SEEN_MS,
  });
  return { source: org.source, parked, mended: withClock(letter, now), gap: lost.externalId, gapAt: now };
}

/** The commands that find, show and mend what was left, line by line. */
export function guide({ source, parked, mended, gap, gapAt }: LeftBehind, { addresses, keys }: RunningSystem): string[] {
  const command = (path: string, more = ''): string => `curl -sS '${addresses.command}${path}' -H 'x-api-key: ${keys.admin}'${more}`;
  const query = (path: string): string => `curl -sS '${addresses.query}${path}' -H 'x-api-key: ${keys.query}'`;
  const body = (content: JsonObject, method = ''): string => `${method} -H 'content-type: application/json' -d '${stringifyExact(content)}'`;
  const since = new Date(gapAt.getTime() - 60_000).toISOString();
  return [
    '', 'Left behind, so that you can find and mend it:', '',
    'A change that nobody can decide: its clock is two days ahead. Nothing else waited for it.',
    `  find     ${command(`/dead-letters?source=${source}`)}`,
    `  look     ${command(`/dead-letters/${parked}`)}`,
    `  redrive  ${command('/dead-letters/redrive', body({ ids: [parked] }))}`,
    '           (it waits again, for its clock is still ahead)',
    `  mend     ${command(`/dead-letters/${parked}`, body({ event: { metadata: mended }, reason: 'sent with a wrong time' }, ' -X PATCH'))}`, '',
    'A gap: something of an account was lost on the way, and its org no longer answers. What is known of it is served meanwhile, and no broadcast is made.',
    `  find     ${query(`/clients?source=${source}&dirty=true`)}`,
    `  look     ${query(`/clients?source=${source}&external_id=${gap}`)}`,
    `  redrive  ${command('/plans', body({ kind: 'window', source, entity: 'Account', from: since, reason: 'a gap' }))}`,
  ];
}

async function accepted({ addresses, keys }: RunningSystem, body: string): Promise<string> {
  const response = await fetch(`${addresses.ingest}/events/salesforce/`, {
    method: 'POST', headers: { 'content-type': 'application/json', 'x-api-key': keys.ingest }, body, signal: AbortSignal.timeout(ANSWER_MS),
  });
  const text = await response.text();
  const answer = response.status === 202 ? parseExact(text) : null;
  if (isJsonObject(answer) && typeof answer['id'] === 'string') return answer['id'];
  throw new DemoError(`the ingest service answered ${response.status}: ${text}`, 'see its log');
}

/** The metadata of a parked change as of another time. */
function withClock(letter: JsonObject | null, at: Date): JsonObject {
  const payload = letter?.['payload'];
  const event = isJsonObject(payload) ? payload['event'] : null;
  const metadata = isJsonObject(event) ? event['metadata'] : null;
  if (!isJsonObject(metadata) || !isJsonObject(metadata['clock'])) throw new DemoError('the dead letter holds no change', 'are the services of the same version?');
  return { ...metadata, clock: { ...metadata['clock'], commit_time: at.toISOString() } };
}
