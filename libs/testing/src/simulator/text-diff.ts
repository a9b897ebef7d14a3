import { createHash } from 'node:crypto';

const SHORTEST = 1000;
const LENGTH_CHANGED = 0.5;
const LINES_CHANGED = 0.25;

type Step = { readonly kind: ' ' | '-' | '+'; readonly line: string };

/**
 * What the channel sends in place of a large text: a unified diff without context lines, or null where the new value goes whole, which it
 * does when it is shorter than 1,000 characters, its length changed by more than half, more than a quarter of its lines changed, or the
 * diff would be no shorter. First line `--- `, second `+++ ` and the SHA-256 of the new value as it is stored; inside, every newline is `\n`.
 * A hunk that removes or adds nothing counts from the line that follows, as the library does that has this form of headers (java-diff-utils).
 */
export function textDiff(before: string, after: string): string | null {
  const lengthChanged = Math.abs(after.length - before.length) / Math.max(1, before.length);
  if (after.length < SHORTEST || lengthChanged > LENGTH_CHANGED) return null;
  const steps = stepsBetween(linesOf(before), linesOf(after));
  const changed = Math.max(count(steps, '-'), count(steps, '+'));
  if (changed === 0 || changed / linesOf(after).length > LINES_CHANGED) return null;
  const digest = createHash('sha256').update(after, 'utf8').digest('hex');
  const diff = ['--- ', `+++ ${digest}`, ...hunks(steps)].join('\n');
  return diff.length < after.length ? diff : null;
}

function linesOf(text: string): string[] {
  return text.split(/\r\n|\n/);
}

function count(steps: readonly Step[], kind: Step['kind']): number {
  return steps.filter((step) => step.kind === kind).length;
}

function hunks(steps: readonly Step[]): string[] {
  const lines: string[] = [];
  let [from, to] = [1, 1];
  for (let at = 0; at < steps.length; ) {
    const end = steps.findIndex(({ kind }, place) => place >= at && kind === ' ');
    const run = steps.slice(at, end < 0 ? steps.length : end);
    if (run.length > 0) {
      const [removed, added] = [run.filter(({ kind }) => kind === '-'), run.filter(({ kind }) => kind === '+')];
      lines.push(`@@ -${from},${removed.length} +${to},${added.length} @@`, ...[...removed, ...added].map(({ kind, line }) => `${kind}${line}`));
      from += removed.length;
      to += added.length;
    }
    at += run.length;
    if (at < steps.length) [at, from, to] = [at + 1, from + 1, to + 1];
  }
  return lines;
}

/** By the longest common subsequence of lines. */
function stepsBetween(before: readonly string[], after: readonly string[]): Step[] {
  const width = after.length + 1;
  const longest = new Uint16Array((before.length + 1) * width);
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const steps: Step[] = [];
  for (let i = 0, j = 0; i < before.length || j < after.length; ) {
    const [gone, come] = [before[i], after[j]];
    if (gone !== undefined && gone === come) {
      steps.push({ kind: ' ', line: gone });
      [i, j] = [i + 1, j + 1];
    } else if (gone !== undefined && (come === undefined || at(i + 1, j) >= at(i, j + 1))) {
      steps.push({ kind: '-', line: gone });
      i += 1;
    } else {
      steps.push({ kind: '+', line: come ?? '' });
      j += 1;
    }
  }
  return steps;
}
