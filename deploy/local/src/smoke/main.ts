import { findSystem } from '../start/running-system.ts';
import { HopProbes } from './hops.ts';
import { Journey } from './journey.ts';
import { likelyCause } from './likely-cause.ts';

process.exit(await main());

/** Sends one change through a running system and follows it hop by hop. */
async function main(): Promise<number> {
  const system = findSystem(process.env);
  const probes = new HopProbes(system);
  print(`-> one account to ${system.addresses.ingest}/events/salesforce/`);
  const journey = new Journey(print);
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

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
