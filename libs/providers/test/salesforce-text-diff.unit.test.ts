import fc from 'fast-check';
import { hash } from 'node:crypto';
import t from 'tap';
import { applyTextDiff, looksLikeTextDiff } from '../src/salesforce/text-diff.ts';
import { sampleText } from './salesforce-samples.ts';

/** Lines to leave alone (one more than it says), then to take out, then to put in. */
interface Edit {
  readonly keep: number;
  readonly remove: number;
  readonly add: readonly string[];
}

function edited(lines: readonly string[], edits: readonly Edit[]): { after: string[]; hunks: { at: number; removed: string[]; added: string[] }[] } {
  const after: string[] = [];
  const hunks: { at: number; removed: string[]; added: string[] }[] = [];
  let at = 0;
  for (const { keep, remove, add } of edits) {
    const kept = lines.slice(at, at + keep + 1);
    if (kept.length === 0) break;
    after.push(...kept);
    at += kept.length;
    const removed = lines.slice(at, at + remove);
    if (removed.length > 0 || add.length > 0) hunks.push({ at, removed, added: [...add] });
    after.push(...add);
    at += removed.length;
  }
  after.push(...lines.slice(at));
  return { after, hunks };
}

/** @param gnu whether an insertion names the line before it, or the one after it. */
function patchOf(lines: readonly string[], hunks: ReturnType<typeof edited>['hunks'], target: string, context: 0 | 1, gnu: boolean): string {
  let grown = 0;
  const bodies = hunks.map(({ at, removed, added }) => {
    const before = lines.slice(at - context, at);
    const oldCount = before.length + removed.length;
    const newCount = before.length + added.length;
    const start = at - before.length;
    const begin = (line: number, count: number): number => (count === 0 && gnu ? line : line + 1);
    const head = `@@ -${begin(start, oldCount)},${oldCount} +${begin(start + grown, newCount)},${newCount} @@`;
    grown += newCount - oldCount;
    return [head, ...before.map((line) => ` ${line}`), ...removed.map((line) => `-${line}`), ...added.map((line) => `+${line}`)].join('\n');
  });
  return [`--- \n+++ ${hash('sha256', target, 'hex')}`, ...bodies].join('\n');
}

const line = fc.oneof(fc.constantFrom('', '-', '+++', '@@ -1 +1 @@', '--- ', '\\ No newline at end of file', 'ä—“'), fc.stringMatching(/^[^\r\n]{0,12}$/));
const edits = fc.array(fc.record({ keep: fc.nat(3), remove: fc.nat(2), add: fc.array(line, { maxLength: 3 }) }), { maxLength: 6 });

t.test('the documented vector', async (t) => {
  // Both are plain JSON, without a number in what counts here.
  const text: string = JSON.parse(sampleText('doc-text-diff-base.json')).Description;
  const diff: string = JSON.parse(sampleText('made-relay-account-update-diff-field-cometd-shape.json')).detail.payload.Description.diff;
  const after = applyTextDiff(text, diff);
  t.equal(hash('sha256', after ?? '', 'hex'), '682b8747ccdb93b546e7bbe479b27d26ec7c38ccabb76cdd8308c6595492bffc');
  t.match(after, /^Everyone[^\r\n]+\r\nBusiness apps are moving[\s\S]+but a false cloud\.$/);
  t.equal(applyTextDiff(text.replaceAll('\r\n', '\n'), diff), after, 'a base whose line breaks were normalised on the way');
  t.equal(applyTextDiff(text, diff.replaceAll('\n', '\r\n')), after, 'a patch whose line breaks were changed on the way');
  t.equal(applyTextDiff(text, `${diff}\n`), after);
  t.equal(applyTextDiff(text.replace('Cloud-based', 'Cloud based'), diff), null, 'a change before it was missed: the lines fit, the hash does not');
  t.equal(applyTextDiff(text.replace('Business applications', 'Business'), diff), null);
  t.equal(applyTextDiff(text, diff.replace('682b', '682c')), null);
  t.ok(looksLikeTextDiff(diff));
  t.notOk(looksLikeTextDiff(text));
});

t.test('any edit of any text, in any style of line break, is found again', async (t) => {
  let inserted = 0;
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 12 }), edits, fc.constantFrom('\r\n', '\n', '\r'), fc.constantFrom(0 as const, 1 as const), fc.boolean(), (lines, list, style, context, gnu) => {
      const { after, hunks } = edited(lines, list);
      if (hunks.some(({ removed }) => removed.length === 0)) inserted += 1;
      const target = after.join(style);
      const patch = patchOf(lines, hunks, target, context, gnu);
      return applyTextDiff(lines.join(style), patch) === target;
    }),
    { numRuns: 2000 },
  );
  t.ok(inserted > 200, `${inserted} of them with a mere insertion`);
  const mixed = 'a\nb\r\nc\rd';
  t.equal(applyTextDiff(mixed, `--- \n+++ ${hash('sha256', 'a\nb\r\nx\nd', 'hex')}\n@@ -3,1 +3,1 @@\n-c\n+x`), 'a\nb\r\nx\nd', 'lines that were left alone keep their own breaks');
});

t.test('a hostile patch is no patch, never an error, and costs no more than its length', async (t) => {
  const valid = `--- \n+++ ${hash('sha256', 'b', 'hex')}\n@@ -1,1 +1,1 @@\n-a\n+b`;
  t.equal(applyTextDiff('a', valid), 'b');
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constant(valid)), fc.nat(140), fc.nat(20), fc.string({ maxLength: 12 }), fc.string(), (patch, at, length, put, base) => {
      const damaged = patch.slice(0, at) + put + patch.slice(at + length);
      const result = applyTextDiff(base, damaged);
      return result === null || damaged.includes(hash('sha256', result, 'hex'));
    }),
    { numRuns: 3000 },
  );
  const head = `--- \n+++ ${'a'.repeat(64)}\n`;
  for (const body of ['@@ -1,999999999 +1,999999999 @@\n', '@@ -0,0 +0,0 @@\n'.repeat(50_000), '@@ -5 +1 @@\n-a\n+b', '@@ -1 +1 @@\n-a\n+b\n@@ -1 +1 @@\n-a\n+b', '@@ -1,0 +-3,0 @@', 'garbage', '@@ -1 +1 @@\n*a\n+b']) {
    t.equal(applyTextDiff('a', head + body), null, body.slice(0, 60));
  }
  t.equal(applyTextDiff('x'.repeat(1_048_577), valid), null, 'a base that no field can hold');
  t.equal(applyTextDiff('\n'.repeat(1_000_000), `${head}@@ -1000001,1 +1000001,1 @@\n-\n+x`), null);
});
