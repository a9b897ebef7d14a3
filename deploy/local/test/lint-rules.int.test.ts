import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { workspaceRoot } from '@clientele/testing';
import { ESLint } from 'eslint';
import t from 'tap';

// Without nx's graph of the projects its rule says nothing.
execFileSync(join(workspaceRoot, 'node_modules', '.bin', 'nx'), ['show', 'projects', '--json'], { cwd: workspaceRoot, stdio: 'ignore' });
const eslint = new ESLint({ cwd: workspaceRoot });

interface Violation {
  readonly file: string;
  /** `§` stands for a number that no other text has. */
  readonly text: string;
  readonly rule: string;
  readonly says: RegExp;
}

const FLOORS = '@nx/enforce-module-boundaries';
const IMPORTS = 'no-restricted-imports';
const SYNTAX = 'no-restricted-syntax';
const PURE = /the domain is pure/;
const ITSELF = /libs\/domain imports nothing from outside itself/;
const NAMELESS = /the domain knows no provider/;
const importing = (name: string, what = '* as x§'): string => `import ${what} from '${name}'; export const y§ = x§;`;

const domain = 'libs/domain/src/clock.ts';
const violations: Violation[] = [
  { file: domain, text: importing('node:crypto'), rule: IMPORTS, says: ITSELF },
  { file: domain, text: importing('pg'), rule: IMPORTS, says: ITSELF },
  { file: domain, text: importing('@clientele/contracts'), rule: IMPORTS, says: ITSELF },
  { file: domain, text: importing('@clientele/contracts'), rule: FLOORS, says: /Circular dependency/ },
  { file: domain, text: importing('../../contracts/src/outcome.ts'), rule: FLOORS, says: /relative/ },
  { file: domain, text: importing('../test/support/given-when-then.ts'), rule: IMPORTS, says: /does not lean on its tests/ },
  { file: domain, text: "export const x§ = await import('node:fs');", rule: SYNTAX, says: ITSELF },
  { file: domain, text: 'export const now§ = Date.now();', rule: SYNTAX, says: PURE },
  { file: domain, text: 'export const now§ = new Date();', rule: SYNTAX, says: PURE },
  { file: domain, text: 'export const dice§ = Math.random();', rule: SYNTAX, says: PURE },
  { file: domain, text: 'export const home§ = process.env;', rule: 'no-restricted-globals', says: PURE },
  { file: domain, text: "export const page§ = fetch('x');", rule: 'no-restricted-globals', says: PURE },
  { file: domain, text: 'export const isSalesforce§ = true;', rule: SYNTAX, says: NAMELESS },
  { file: domain, text: "export const where§ = 'from HubSpot';", rule: SYNTAX, says: NAMELESS },
  { file: domain, text: 'export const where§ = (n: number) => `pipedrive:${n}`;', rule: SYNTAX, says: NAMELESS },
  { file: domain, text: '/* as Salesforce does */ export const x§ = 1;', rule: 'no-warning-comments', says: /salesforce/i },
  { file: 'libs/contracts/src/lane.ts', text: importing('@clientele/messaging'), rule: FLOORS, says: /Circular dependency/ },
  { file: 'libs/testing/src/index.ts', text: importing('@clientele/service-kit'), rule: FLOORS, says: /Circular dependency|floor:testing/ },
  { file: 'libs/messaging/src/index.ts', text: importing('@clientele/event-store'), rule: FLOORS, says: /floor:middle/ },
  { file: 'libs/providers/src/index.ts', text: importing('@clientele/service-kit'), rule: FLOORS, says: /floor:middle/ },
  { file: 'libs/providers/src/index.ts', text: importing('@clientele/testing'), rule: IMPORTS, says: /does not lean on the test kit/ },
  { file: 'services/command/src/main.ts', text: importing('tap'), rule: IMPORTS, says: /does not lean on the test kit/ },
  { file: 'libs/event-store/src/index.ts', text: importing('nats'), rule: IMPORTS, says: /only libs\/messaging speaks to the broker/ },
  { file: 'libs/testing/src/index.ts', text: importing('@nats-io/transport-node'), rule: IMPORTS, says: /only libs\/messaging/ },
  { file: 'deploy/local/src/start/main.ts', text: importing('nats'), rule: IMPORTS, says: /only libs\/messaging/ },
  { file: 'services/ingest/src/main.ts', text: importing('@clientele/query/main'), rule: FLOORS, says: /floor:service/ },
  { file: 'services/ingest/src/main.ts', text: importing('@clientele/event-store'), rule: FLOORS, says: /service:ingest/ },
  { file: 'services/command/src/main.ts', text: importing('@clientele/read-model'), rule: FLOORS, says: /service:command/ },
  { file: 'services/projector/src/main.ts', text: importing('@clientele/providers'), rule: FLOORS, says: /service:projector/ },
  { file: 'services/query/src/main.ts', text: importing('@clientele/event-store'), rule: FLOORS, says: /service:query/ },
  { file: 'services/query/src/main.ts', text: importing('@clientele/messaging'), rule: FLOORS, says: /service:query/ },
  { file: 'services/query/src/main.ts', text: importing('@clientele/domain', '{ ClientDomainService as x§ }'), rule: IMPORTS, says: /query decides nothing/ },
  { file: 'services/query/src/main.ts', text: importing('@clientele/domain', '{ feedRules as x§ }'), rule: IMPORTS, says: /query decides nothing/ },
  { file: 'libs/contracts/src/lane.ts', text: 'export const x§: any = 1;', rule: '@typescript-eslint/no-explicit-any', says: /any/ },
  { file: 'libs/contracts/src/lane.ts', text: 'export const x§ = [1].at(0)!;', rule: '@typescript-eslint/no-non-null-assertion', says: /non-null/ },
  { file: 'libs/contracts/src/lane.ts', text: "console.log('x');", rule: 'no-console', says: /console/ },
  { file: 'libs/contracts/src/lane.ts', text: 'export const x§ = (y: unknown) => y as string;', rule: '@typescript-eslint/no-unsafe-type-assertion', says: /assertion/ },
  { file: 'libs/contracts/src/lane.ts', text: 'Promise.resolve(1);', rule: '@typescript-eslint/no-floating-promises', says: /Promises must be awaited/ },
];

const allowed: Omit<Violation, 'says'>[] = [
  { file: domain, text: importing('./json.ts'), rule: IMPORTS },
  { file: domain, text: "export const x§ = new Date('2026-01-01T00:00:00Z').getTime();", rule: SYNTAX },
  { file: 'libs/messaging/src/index.ts', text: importing('nats'), rule: IMPORTS },
  { file: 'libs/messaging/test/jetstream-contracts.int.test.ts', text: importing('@clientele/testing'), rule: FLOORS },
  { file: 'services/command/src/main.ts', text: importing('@clientele/event-store'), rule: FLOORS },
  { file: 'services/projector/src/main.ts', text: importing('@clientele/event-store'), rule: FLOORS },
  { file: 'services/query/src/main.ts', text: importing('@clientele/domain', '{ apply as x§ }'), rule: IMPORTS },
];

/** The texts of one file are linted together, a line each: types are looked up once a file. */
async function complaints(file: string, texts: readonly string[]): Promise<{ line: number; rule: string; message: string }[]> {
  const text = texts.map((one, index) => `${one.replaceAll('§', String(index))}\n`).join('');
  const [result] = await eslint.lintText(text, { filePath: `${workspaceRoot}/${file}` });
  return (result?.messages ?? []).map(({ line, ruleId, message }) => ({ line, rule: ruleId ?? 'none', message }));
}

function byFile<T extends { readonly file: string }>(all: readonly T[]): Map<string, T[]> {
  const files = new Map<string, T[]>();
  for (const one of all) files.set(one.file, [...(files.get(one.file) ?? []), one]);
  return files;
}

t.test('each rule bites on a planted violation', async (t) => {
  for (const [file, planted] of byFile(violations)) {
    const found = await complaints(file, planted.map(({ text }) => text));
    for (const [index, { text, rule, says }] of planted.entries()) {
      const here = found.filter((one) => one.line === index + 1 && one.rule === rule).map(({ message }) => message);
      t.match(here, [says], `${rule}: ${file}: ${text}`);
    }
  }
});

t.test('and lets pass what is meant', async (t) => {
  for (const [file, meant] of byFile(allowed)) {
    const found = await complaints(file, meant.map(({ text }) => text));
    for (const [index, { text, rule }] of meant.entries()) t.same(found.filter((one) => one.line === index + 1 && one.rule === rule), [], `${file}: ${text}`);
  }
});
