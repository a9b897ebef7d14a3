import { SERVICE_NAMES } from '../start/services.ts';
import { StartError } from '../start/start-error.ts';
import { benchAppend } from './append.ts';
import { benchAppendGrowth } from './append-growth.ts';
import { benchEndToEnd, fill } from './figures/end-to-end.ts';
import { benchIngest } from './figures/ingest.ts';
import { benchParked } from './figures/parked.ts';
import { benchReads } from './figures/reads.ts';
import type { Run } from './figures/run.ts';
import { HELP, readOptions, type BenchOptions, type Section } from './options.ts';
import { LiveLine } from './report/live-line.ts';
import { measureOf, type Measure } from './report/measure.ts';
import { table } from './report/table.ts';
import { withSystem } from './system/bench-system.ts';

const INTERRUPTED = 130;
/** Records to read where the sustained run did not make any. */
const CHANGES_TO_READ = 4_000;

process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const line = new LiveLine(process.stderr);
  // What was started ends with this process, and its folder goes.
  process.once('SIGINT', () => process.exit(INTERRUPTED));
  try {
    const options = readOptions(args);
    if (options.help) {
      process.stdout.write(HELP);
      return 0;
    }
    const measures = await runSections(options, { ...options, progress: line.show });
    line.close();
    process.stdout.write(table(measures));
    return 0;
  } catch (error) {
    line.close();
    process.stderr.write(error instanceof StartError
      ? `bench: ${error.message}\n  -> ${error.remedy}\n`
      : `bench: ${error instanceof Error ? error.stack ?? error.message : String(error)}\n`);
    return 1;
  }
}

async function runSections({ sections, profiles }: BenchOptions, run: Run): Promise<Measure[]> {
  const has = (name: Section): boolean => sections.includes(name);
  const measures: Measure[] = [];
  if (has('append') || has('growth')) {
    run.progress('append: starting servers');
    measures.push(...await withSystem([], null, async ({ servers }) => [
      ...(has('append') ? await benchAppend(servers.writeOwnerUrl) : []),
      ...(has('growth') ? await benchAppendGrowth(servers.writeOwnerUrl, run.progress) : []),
    ].map(measureOf)));
  }
  if (has('ingest')) measures.push(...await benchIngest(run));
  if (has('end-to-end') || has('reads')) {
    run.progress('end to end: starting servers and services');
    measures.push(...await withSystem(SERVICE_NAMES, profiles, async (bench) => {
      const endToEnd = has('end-to-end') ? await benchEndToEnd(bench, run) : [];
      if (!has('end-to-end')) await fill(bench, CHANGES_TO_READ);
      return [...endToEnd, ...(has('reads') ? await benchReads(bench, run) : [])];
    }));
  }
  if (has('parked')) {
    run.progress('parked: starting servers and services');
    measures.push(...await withSystem(SERVICE_NAMES, profiles, async (bench) => await benchParked(bench, run)));
  }
  return measures;
}
