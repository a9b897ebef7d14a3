import { findSystem } from '../start/running-system.ts';
import { StartError } from '../start/start-error.ts';
import type { Difference } from './compare.ts';
import { Demo } from './demo.ts';
import { DemoError } from './demo-error.ts';
import { HELP, readOptions, type DemoOptions } from './options.ts';

const MOST_SHOWN = 50;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args);
    if (!options.help) return await run(options);
    process.stdout.write(HELP);
    return 0;
  } catch (error) {
    const known = error instanceof DemoError || error instanceof StartError;
    process.stderr.write(known ? `demo: ${error.message}\n  -> ${error.remedy}\n` : `demo: ${error instanceof Error ? error.stack ?? error.message : String(error)}\n`);
    return 1;
  }
}

async function run(options: DemoOptions): Promise<number> {
  const stop = new AbortController();
  process.once('SIGINT', () => { stop.abort(); });
  const demo = new Demo(options, findSystem(process.env), process.stdout, stop.signal);
  const { seed, records, changes, repeat, reorder, merge } = options;
  process.stdout.write(`${demo.source}, seed ${seed}: ${records} records, ${changes} changes; repeat ${repeat}, reorder ${reorder}, merge ${merge ? 'on' : 'off'}\n`);
  const result = await demo.run();
  process.stdout.write(verdict(result.records, result.differences));
  return result.differences.length === 0 ? 0 : 1;
}

function verdict(records: number, differences: readonly Difference[]): string {
  if (differences.length === 0) return `✓ ${records} records: the query service says what the org says, field by field\n`;
  const rows = differences.slice(0, MOST_SHOWN).map(({ record, field, org, query }) => `  ${record}  ${field}\n    org    ${org}\n    query  ${query}\n`);
  const more = differences.length > MOST_SHOWN ? `  … and ${differences.length - MOST_SHOWN} more\n` : '';
  return `✗ ${differences.length} differences in ${records} records\n${rows.join('')}${more}`;
}
