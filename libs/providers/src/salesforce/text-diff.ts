import { hash } from 'node:crypto';

/** Far above Salesforce's largest text (131,072 characters); it keeps a hostile patch or base from costing more than its length. */
const MOST_CHARACTERS = 1_048_576;
const LINE_BREAK = /\r\n|\n|\r/;
const LINE_BREAKS = new RegExp(LINE_BREAK, 'g');
const TARGET = /^\+\+\+ ([0-9a-f]{64})\s*$/i;
const HUNK = /^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@/;

/** Lines `start` (from 0) to `start + removed.length` of the base are `removed`, and become `added`. */
interface Hunk {
  readonly start: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/**
 * Applies the difference that Salesforce sends in place of a large text that changed a little: a unified diff of lines whose `+++` names
 * the SHA-256 (UTF-8, hex) of the whole new text. Line breaks are normalised in it, so the new text's are found by trying: the base's own
 * where a line was left alone, then each style throughout; the hash decides.
 * @returns the new text, proved by its hash; null where the patch cannot be read or does not fit the base. Never throws; linear in its input.
 */
export function applyTextDiff(base: string, patch: string): string | null {
  if (base.length > MOST_CHARACTERS || patch.length > MOST_CHARACTERS) return null;
  const lines = patch.split(LINE_BREAK);
  const wanted = TARGET.exec(lines[1] ?? '')?.[1]?.toLowerCase();
  if (wanted === undefined || !/^---(\s|$)/.test(lines[0] ?? '')) return null;
  const hunks = readHunks(lines.slice(2));
  const applied = hunks === null ? null : applyHunks(base, hunks);
  if (applied === null) return null;
  for (const text of candidates(base, applied)) if (hash('sha256', text, 'hex') === wanted) return text;
  return null;
}

/** Whether a text is such a difference by its first two lines, for feeds that mark it by nothing else. */
export function looksLikeTextDiff(text: string): boolean {
  return /^--- ?(\r\n|\n|\r)\+\+\+ [0-9a-f]{64}\s/i.test(text);
}

function readHunks(lines: readonly string[]): Hunk[] | null {
  const hunks: Hunk[] = [];
  let grown = 0;
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    const head = HUNK.exec(line);
    if (head === null) {
      // Only what a text editor may have left at the end.
      if (line !== '') return null;
      at += 1;
      continue;
    }
    const [oldStart = 0, oldCount = 1, newStart = 0, newCount = 1] = head.slice(1).map((digits) => (digits === undefined ? undefined : Number(digits)));
    const body = readBody(lines, at + 1, oldCount, newCount);
    if (body === null) return null;
    // An insertion names the line before it in one dialect and the line after it in another: the new side is clear.
    const start = oldCount > 0 ? oldStart - 1 : newStart - 1 - grown;
    hunks.push({ start, removed: body.removed, added: body.added });
    grown += newCount - oldCount;
    at = body.end;
  }
  return hunks;
}

function readBody(lines: readonly string[], from: number, oldCount: number, newCount: number): { removed: string[]; added: string[]; end: number } | null {
  const removed: string[] = [];
  const added: string[] = [];
  let at = from;
  for (; removed.length < oldCount || added.length < newCount; at += 1) {
    const line = lines[at];
    if (line === undefined) return null;
    const text = line.slice(1);
    // An empty line is an empty one of the context that lost its leading space on the way.
    if (line === '' || line.startsWith(' ')) {
      removed.push(text);
      added.push(text);
    } else if (line.startsWith('-')) removed.push(text);
    else if (line.startsWith('+')) added.push(text);
    else if (!line.startsWith('\\')) return null;
  }
  while (lines[at]?.startsWith('\\')) at += 1;
  return removed.length === oldCount && added.length === newCount ? { removed, added, end: at } : null;
}

interface Applied {
  readonly lines: readonly string[];
  /** For each line the break that followed it in the base; null for what the patch brought. */
  readonly breaks: readonly (string | null)[];
}

function applyHunks(base: string, hunks: readonly Hunk[]): Applied | null {
  const before = base.split(LINE_BREAK);
  const breaksBefore = base.match(LINE_BREAKS) ?? [];
  const lines: string[] = [];
  const breaks: (string | null)[] = [];
  let copied = 0;
  const copyTo = (end: number): void => {
    for (; copied < end; copied += 1) {
      lines.push(before[copied] ?? '');
      breaks.push(breaksBefore[copied] ?? null);
    }
  };
  for (const { start, removed, added } of hunks) {
    if (start < copied || start + removed.length > before.length) return null;
    copyTo(start);
    if (removed.some((line, at) => before[start + at] !== line)) return null;
    for (const line of added) {
      lines.push(line);
      breaks.push(null);
    }
    copied += removed.length;
  }
  copyTo(before.length);
  return { lines, breaks };
}

function* candidates(base: string, { lines, breaks }: Applied): Generator<string> {
  const own = LINE_BREAK.exec(base)?.[0] ?? '\r\n';
  const last = lines.length - 1;
  yield lines.map((line, at) => (at === last ? line : line + (breaks[at] ?? own))).join('');
  for (const style of ['\r\n', '\n', '\r']) yield lines.join(style);
}
