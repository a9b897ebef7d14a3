export interface Failure {
  /** Names from the test file down to the assertion. */
  readonly path: readonly string[];
  /** What tap says about it: difference, place, source. */
  readonly diagnostics: string;
}

export interface TapResults {
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly Failure[];
}

interface TestPoint {
  readonly depth: number;
  readonly ok: boolean;
  readonly isDirective: boolean;
  readonly isFile: boolean;
  readonly name: string;
  readonly diagnostics: string;
}

/** `not ok 3 - name # time=5ms`, indented by four for each level; `# SKIP` and `# TODO` are directives. */
const POINT = /^( *)(not )?ok\b(?: \d+)?(?: - ?(.*?))?(?:\s+# (SKIP|TODO|time=).*)?$/i;

/**
 * Counts the leaves of a TAP text. A test that failed although everything in it passed (an exit code, a timeout, a plan that was not kept) is a
 * failure of its own, and so is a file without a test.
 */
export function readTap(text: string): TapResults {
  let [passed, skipped] = [0, 0];
  // tap prints what is inside a test before the test itself: the points that still wait for the one that holds them.
  let waiting: { depth: number; failures: Failure[] }[] = [];
  for (const point of points(text)) {
    const inside = waiting.filter((one) => one.depth > point.depth);
    const failures = inside.flatMap((one) => one.failures).map((failure) => ({ ...failure, path: [point.name, ...failure.path] }));
    const isLeaf = inside.length === 0;
    const isEmptyFile = isLeaf && point.depth === 0 && point.isFile;
    if (failures.length === 0 && (!point.ok || isEmptyFile)) {
      failures.push({ path: [point.name], diagnostics: point.ok ? 'there is no test in it' : point.diagnostics });
    } else if (isLeaf && point.isDirective) {
      skipped += 1;
    } else if (isLeaf) {
      passed += 1;
    }
    waiting = [...waiting.filter((one) => one.depth <= point.depth), { depth: point.depth, failures }];
  }
  return { passed, skipped, failures: waiting.flatMap((one) => one.failures) };
}

function* points(text: string): Generator<TestPoint> {
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const [, indent, not, name = '', directive = ''] = POINT.exec(lines[index] ?? '') ?? [];
    if (indent === undefined) continue;
    const diagnostics: string[] = [];
    if (lines[index + 1] === `${indent}  ---`) {
      for (index += 2; index < lines.length && lines[index] !== `${indent}  ...`; index += 1) diagnostics.push(lines[index]?.slice(indent.length + 2) ?? '');
    }
    yield { depth: indent.length / 4, ok: not === undefined, isDirective: /skip|todo/i.test(directive), isFile: name.endsWith('.test.js'), name, diagnostics: diagnostics.join('\n') };
  }
}
