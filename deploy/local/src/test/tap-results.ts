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

/** What the process of a test file left. */
export interface EndedFile {
  /** Source of the file, from the root. */
  readonly file: string;
  /** Its standard output. */
  readonly tap: string;
  /** Its standard error. */
  readonly said: string;
  /** In words: `exit code 0`. */
  readonly ending: string;
}

interface TestPoint {
  readonly depth: number;
  readonly ok: boolean;
  readonly isDirective: boolean;
  readonly name: string;
  readonly diagnostics: string;
}

/** `not ok 3 - name # time=5ms`, indented by four for each level; `# SKIP` and `# TODO` are directives. */
const POINT = /^( *)(not )?ok\b(?: \d+)?(?: - ?(.*?))?(?:\s+# (SKIP|TODO|time=).*)?$/i;
/** tap writes the plan of a file when all of it is done. */
const PLAN = /^1\.\.[1-9]/m;
const MOST_SAID = 4000;

/** A file that ended badly although everything in it passed has failed, and so has one without a test. */
export function resultsOf({ file, tap, said, ending }: EndedFile): TapResults {
  const { passed, skipped, failures } = readTap(tap);
  const found = failures.map(({ path, diagnostics }) => ({ path: [file, ...path], diagnostics }));
  const isBad = ending !== 'exit code 0' || !PLAN.test(tap);
  if (isBad && found.length === 0) {
    const why = passed + skipped === 0 && ending === 'exit code 0' ? 'there is no test in it' : `it did not end well: ${ending}`;
    found.push({ path: [file], diagnostics: [why, ...said.slice(-MOST_SAID).split('\n')].join('\n').trimEnd() });
  }
  return { passed, skipped, failures: found };
}

/**
 * Counts the leaves of what a test file wrote. A test that failed although everything in it passed (a timeout, a plan that was not kept) is a
 * failure of its own.
 */
function readTap(text: string): TapResults {
  let [passed, skipped] = [0, 0];
  // tap prints what is inside a test before the test itself: the points that still wait for the one that holds them.
  let waiting: { depth: number; failures: Failure[] }[] = [];
  for (const point of points(text)) {
    const inside = waiting.filter((one) => one.depth > point.depth);
    const failures = inside.flatMap((one) => one.failures).map((failure) => ({ ...failure, path: [point.name, ...failure.path] }));
    const isLeaf = inside.length === 0;
    if (failures.length === 0 && !point.ok) {
      failures.push({ path: [point.name], diagnostics: point.diagnostics });
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
    yield { depth: indent.length / 4, ok: not === undefined, isDirective: /skip|todo/i.test(directive), name, diagnostics: diagnostics.join('\n') };
  }
}
