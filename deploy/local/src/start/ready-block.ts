import type { RunningSystem } from './running-system.ts';
import { accountCreated } from './sample-change.ts';
import type { Servers } from './servers.ts';

const SAMPLE_ID = '0015e00000FirstAAB';

/** The closing lines of a start: all that someone needs to try it. */
export function readyBlock(system: RunningSystem, servers: Servers, seconds: number): string {
  const { addresses, keys, logs } = system;
  const rows: (readonly [string, string])[] = [
    ['ingest', `${addresses.ingest}   key ${keys.ingest}`],
    ['command', `${addresses.command}   key ${keys.admin}`],
    ['projector', `${addresses.projector}   key ${keys.admin}`],
    ['query', `${addresses.query}   key ${keys.query}`],
    ...servers.addresses,
    ['logs', logs],
  ];
  return [
    '',
    `Clientele is ready (${seconds.toFixed(1)} s). Every service has /docs, /openapi.json, /health/ready and /metrics.`,
    ...rows.map(([name, what]) => `  ${name.padEnd(15)} ${what}`),
    '',
    'Send it a change, then ask what became of it:',
    `  curl -sS '${addresses.ingest}/events/salesforce/' -H 'x-api-key: ${keys.ingest}' -H 'content-type: application/json' -d '${accountCreated(SAMPLE_ID, 'Acme', new Date())}'`,
    `  curl -sS '${addresses.query}/clients?external_id=${SAMPLE_ID}' -H 'x-api-key: ${keys.query}'`,
    '',
    'npm run smoke follows one change through every part, npm run demo lets a whole org work against it. Ctrl-C stops everything.',
    '',
  ].join('\n');
}

