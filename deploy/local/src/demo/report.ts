import type { Difference } from './compare.ts';
import type { DemoOptions } from './options.ts';
import type { Backlog, Delays } from './outage.ts';
import type { SimulatedOrg } from './simulated-org.ts';

const MOST_SHOWN = 50;
const MOST_NAMED = 5;

/** What is about to happen. */
export function introduction(orgs: readonly SimulatedOrg[], options: DemoOptions): string[] {
  const { seed, records, changes, repeat, reorder, merge, life } = options;
  const names = orgs.map(({ source }) => source).join(' and ');
  const unreadable = life !== null && orgs.every(({ server }) => server === null);
  return [
    `${names}, seed ${seed}: ${records} records, ${changes} changes${orgs.length > 1 ? ' each' : ''}; repeat ${repeat}, reorder ${reorder}, merge ${merge ? 'on' : 'off'}`,
    ...(unreadable ? ['The running system does not know the demo\'s orgs (it runs by a configuration of its own): only what needs no reads is shown.'] : []),
  ];
}

/** What happened in the orgs, and what was asked of them; nothing where there was daily work alone. */
export function lifeLines(orgs: readonly SimulatedOrg[], loaded: { readonly records: number; readonly calls: number }): string[] {
  const readable = orgs.filter(({ server }) => server !== null);
  if (readable.length === 0) return [];
  const tally = summed(readable.map(({ org }) => org.tally));
  const count = (...whats: readonly string[]): number => whats.reduce((sum, what) => sum + (tally.get(what) ?? 0), 0);
  const statuses = summed(readable.map(({ server }) => server?.counts.statuses ?? new Map<number, number>()));
  const failed = Array.from(statuses).filter(([status]) => status !== '200').map(([status, times]) => `${times} with ${status === '0' ? 'nothing' : status}`);
  return [
    `What happened: ${count('gap', 'quiet_gap')} gaps, ${count('overflow')} overflows, ${count('text_diff')} text differences, ${count('merge')} merges, ${count('conversion')} conversions,`
      + ` ${count('person_account')} person accounts, ${count('hard_delete')} purges, ${count('own')} changes of our own`,
    `Loaded: ${loaded.records} records that were there before the feed was, with ${loaded.calls} calls`,
    `The REST API was called ${readable.reduce((sum, { calls }) => sum + calls, 0)} times in all${failed.length === 0 ? '' : `; answered ${failed.join(', ')}`}`,
  ];
}

/** What the feed, the reads and the deleted query could not tell. */
export function untoldLines(records: readonly string[]): string[] {
  if (records.length === 0) return [];
  const named = records.length > MOST_NAMED ? [...records.slice(0, MOST_NAMED), '…'] : records;
  return [`Purged while the news of it was lost: ${named.join(', ')}; a comparison of all records was asked for, which else comes by its schedule`];
}

/** Whether a provider that is down delays what does not need it, and how long what does. */
export function delayLines({ there, down }: { readonly there: Delays; readonly down: Delays }, { waited, readAfterMs }: Backlog, { providerDown }: DemoOptions): string[] {
  const line = (what: string, { changes, p50, p99, most }: Delays): string => `  ${what}  ${changes} changes, decided in ${p50.toFixed(0)} ms (half of them), ${p99.toFixed(0)} ms (99 of 100), ${most.toFixed(0)} ms (all)`;
  const after = readAfterMs === null ? 'some still do' : `${(readAfterMs / 1000).toFixed(1)} s later none did any more`;
  return [
    `The provider was down for ${providerDown} s. From receipt to decision:`, line('while it answered', there), line('while it was down', down),
    `  When it answered again ${waited} records waited to be read; ${after} (it is tried every 30 s)`,
  ];
}

export function verdict(records: number, differences: readonly Difference[]): string[] {
  if (differences.length === 0) return [`✓ ${records} records: the query service says what the org says, field by field`];
  const rows = differences.slice(0, MOST_SHOWN).map(({ record, field, org, query }) => `  ${record}  ${field}\n    org    ${org}\n    query  ${query}`);
  const more = differences.length > MOST_SHOWN ? [`  … and ${differences.length - MOST_SHOWN} more`] : [];
  return [`✗ ${differences.length} differences in ${records} records`, ...rows, ...more];
}

function summed<Key>(maps: readonly ReadonlyMap<Key, number>[]): Map<string, number> {
  const sum = new Map<string, number>();
  for (const map of maps) for (const [key, count] of map) sum.set(String(key), (sum.get(String(key)) ?? 0) + count);
  return sum;
}
