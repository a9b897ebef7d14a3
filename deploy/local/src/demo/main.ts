import { once } from 'node:events';
import { findSystem, type RunningSystem } from '../start/running-system.ts';
import { StartError } from '../start/start-error.ts';
import { Demo } from './demo.ts';
import { DemoError } from './demo-error.ts';
import { guide, leaveBehind } from './left-behind.ts';
import { HELP, readOptions, type DemoOptions } from './options.ts';
import { QueryClient } from './query-client.ts';
import { delayLines, introduction, lifeLines, untoldLines, verdict } from './report.ts';
import { SimulatedOrg } from './simulated-org.ts';

// A reader that has seen enough is no reason to break off: what the demo began, it ends.
process.stdout.on('error', () => {});
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args);
    if (!options.help) return await run(options, findSystem(process.env));
    process.stdout.write(HELP);
    return 0;
  } catch (error) {
    const known = error instanceof DemoError || error instanceof StartError;
    process.stderr.write(known ? `demo: ${error.message}\n  -> ${error.remedy}\n` : `demo: ${error instanceof Error ? error.stack ?? error.message : String(error)}\n`);
    return 1;
  }
}

async function run(options: DemoOptions, system: RunningSystem): Promise<number> {
  // First: of a system that does not answer there is nothing else to say.
  await new QueryClient(system.addresses.query, system.keys.query).greet();
  const stop = new AbortController();
  process.once('SIGINT', () => { stop.abort(); });
  const orgs: SimulatedOrg[] = [];
  try {
    for (let number = 0; number < options.orgs; number += 1) {
      orgs.push(await SimulatedOrg.start({ options, system, place: system.demoOrgs[number] ?? null, signal: stop.signal }));
    }
    print(introduction(orgs, options));
    const demo = new Demo(orgs, options, system, process.stdout, stop.signal);
    const { records, differences } = await demo.run();
    if (demo.outage !== null && system.eventLogUrl !== null) print(delayLines(await demo.outage.delays(system.eventLogUrl), demo.outage.backlog, options));
    print(lifeLines(orgs, await demo.loaded()));
    print(untoldLines(demo.untold));
    print(verdict(records, differences));
    if (differences.length > 0) return 1;
    const [first] = orgs;
    const left = first === undefined ? null : await leaveBehind(first, system);
    if (left !== null) await showLeft(guide(left, system), orgs, options, stop.signal);
    return 0;
  } finally {
    stop.abort();
    for (const org of orgs) await org.stop();
  }
}

async function showLeft(lines: readonly string[], orgs: readonly SimulatedOrg[], { hold }: DemoOptions, stopped: AbortSignal): Promise<void> {
  print(lines);
  if (!hold) {
    print(['           (it waits until its org answers again: with --hold it does, after you have looked)']);
    return;
  }
  const gone = stopped.aborted ? Promise.resolve() : once(stopped, 'abort');
  if (process.stdin.isTTY) {
    print(['', 'Press Enter, and the org answers again.']);
    await Promise.race([once(process.stdin, 'data'), gone]);
    process.stdin.pause();
  }
  for (const { server } of orgs) if (server !== null) server.habits.down = false;
  print(['', 'The org answers again: what is in doubt is read by itself, within half a minute. Ctrl-C ends.']);
  await gone;
}

function print(lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
}
