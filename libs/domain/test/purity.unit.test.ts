import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import ts from 'typescript';

const library = fileURLToPath(new URL('../../src', import.meta.url));
/** Parts of the language whose answer does not follow from what they are given: time, chance, place, memory, code made at run time. */
const IMPURE = new Set(['Math.random', 'Date.now', 'globalThis', 'eval', 'Function', 'WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'Atomics', 'Promise', 'Intl']);

const program = ts.createProgram([`${library}/index.ts`], {
  // The bare language: with no types of any environment, a name such as process, fetch or console is not known to the compiler.
  lib: ['lib.es2023.d.ts'], types: [], noEmit: true, strict: true, target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext, allowImportingTsExtensions: true,
});
const sources = program.getSourceFiles().filter((file) => !program.isSourceFileDefaultLibrary(file));

t.test('the library stands on the language alone', (t) => {
  const errors = ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
  t.strictSame(errors, [], 'it compiles without any environment');
  t.ok(sources.length > 40, `${sources.length} files`);
  for (const { fileName } of sources) t.notOk(relative(library, fileName).startsWith('..'), `${relative(library, fileName)} is the library's own`);
  t.end();
});

t.test('its answers follow from what it is given', (t) => {
  for (const file of sources) {
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const text = node.getText(file);
      if ((ts.isIdentifier(node) || ts.isPropertyAccessExpression(node)) && IMPURE.has(text)) found.push(text);
      if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText(file) === 'Date' && (node.arguments ?? []).length === 0) found.push(text);
      if (ts.isVariableStatement(node) && node.parent === file && !(node.declarationList.flags & ts.NodeFlags.Const)) found.push(text);
      if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) found.push(text);
      ts.forEachChild(node, visit);
    };
    visit(file);
    t.strictSame(found, [], relative(library, file.fileName));
  }
  t.end();
});

t.test('it knows no provider by name', (t) => {
  for (const file of sources) t.notMatch(file.text, /salesforce|hubspot|pipedrive/i, relative(library, file.fileName));
  t.end();
});
