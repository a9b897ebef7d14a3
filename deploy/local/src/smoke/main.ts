import { parseArgs } from 'node:util';
import { findSystem } from '../start/running-system.ts';
import { HopProbes } from './hops.ts';
import { Journey } from './journey.ts';
import { likelyCause } from './likely-cause.ts';

const HELP = `npm run smoke [-- options]

Sends one change through the running system (npm start) and follows it: a tick a hop, with the time since it was sent. Where a hop fails, names it
and the likely cause, and ends with 1.

  --timeout <s>   how long to wait at each hop (default 15)
  --help          this text

The system is the one that npm start announced, else the one that INGEST_PORT, COMMAND_PORT, PROJECTOR_PORT, QUERY_PORT, HOST, the key lists,
EVENT_LOG_URL and NATS_URL name.
`;

// A reader that has seen enough is no reason to break off.
process.stdout.on('error', () => {});
process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === null) return 1;
  if (options.help) {
    print(HELP);
    return 0;
  }
  const system = findSystem(process.env);
  const probes = new HopProbes(system);
  print(`-> one account to ${system.addresses.ingest}/events/salesforce/`);
  const journey = new Journey(options.patienceMs, print);
  try {
    const changeId = await journey.hop('accepted', async () => await probes.accepted(), (id) => `change ${id}`);
    const position = await journey.hop('decided', async () => await probes.decided(changeId), (at) => `position ${at}`);
    const travelled = { changeId, position };
    await journey.hop('published', async () => await probes.published(travelled));
    await journey.hop('projected', async () => await probes.projected(travelled));
    await journey.hop('queryable', async () => await probes.queryable());
    print(`Pipeline OK in ${journey.elapsed()}`);
    return 0;
  } catch (error) {
    print(`✗ ${journey.current.padEnd(10)} ${error instanceof Error ? error.message : String(error)}`);
    print(`  likely cause: ${await likelyCause(journey.current, system)}`);
    return 1;
  } finally {
    await probes.close();
  }
}

function readOptions(args: readonly string[]): { help: boolean; patienceMs: number } | null {
  try {
    const { values } = parseArgs({ args: [...args], options: { timeout: { type: 'string' }, help: { type: 'boolean', short: 'h' } } });
    const seconds = Number(values.timeout ?? '15');
    if (!(seconds > 0 && seconds <= 600)) throw new RangeError(`--timeout is ${JSON.stringify(values.timeout)}: a number of seconds up to 600`);
    return { help: values.help ?? false, patienceMs: seconds * 1000 };
  } catch (error) {
    print(`${error instanceof Error ? error.message : String(error)}\n  -> npm run smoke -- --help shows the options`);
    return null;
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
