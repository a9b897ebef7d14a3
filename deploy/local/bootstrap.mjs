// What `npm start`, `npm test` and their like call. Plain JavaScript without a dependency, because it runs before anything is installed:
// installs what is missing, builds what changed, then runs the compiled program with the remaining arguments in this process.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const PROGRAMS = ['start', 'test', 'smoke', 'demo', 'bench'];
const OLDEST_NODE = [20, 19];
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const [program = '', ...args] = process.argv.slice(2);

checkProgram();
checkNode();
installIfStale();
build();
if (program === 'test') buildTap();
const entry = join(root, 'deploy', 'local', 'dist', 'src', program, 'main.js');
if (!existsSync(entry)) fail(`${program} has no compiled program at ${entry}`, 'remove the dist folders and run it again');
process.argv = [process.execPath, entry, ...args];
await import(pathToFileURL(entry).href);

function checkProgram() {
  if (!PROGRAMS.includes(program)) fail(`no program is called ${program || '(nothing)'}`, `one of: ${PROGRAMS.join(', ')}`);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [wantedMajor, wantedMinor] = OLDEST_NODE;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  fail(`this is Node ${process.versions.node}; Clientele needs ${OLDEST_NODE.join('.')} or later`, 'install a newer Node (nodejs.org)');
}

/** Stale when what npm noted as installed differs from the lock file; packages for other platforms are not installed and not asked for. */
function installIfStale() {
  const wanted = lockedVersions(join(root, 'package-lock.json'));
  const installed = lockedVersions(join(root, 'node_modules', '.package-lock.json'));
  const missing = [...wanted].filter(([path, { version, optional }]) => installed.get(path)?.version !== version && !optional);
  if (missing.length === 0) return;
  const why = installed.size === 0 ? 'nothing is installed yet' : `${missing.length} packages differ from the lock file`;
  say(`installing (${why}; takes about a minute)`);
  // Not what npm was started for: its settings for this run would leak into the other.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_lifecycle') && name !== 'npm_command'));
  run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], env, 'see the lines above; behind a proxy, set HTTPS_PROXY and, for its certificate, NODE_EXTRA_CA_CERTS');
}

function lockedVersions(file) {
  if (!existsSync(file)) return new Map();
  const { packages } = JSON.parse(readFileSync(file, 'utf8'));
  return new Map(Object.entries(packages).filter(([path, entry]) => path.includes('node_modules/') && !entry.link));
}

function build() {
  const started = Date.now();
  run(join(root, 'node_modules', '.bin', 'tsgo'), ['-b'], process.env, 'the code does not compile: mend the lines above');
  if (Date.now() - started > 2000) say(`built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** tap builds its plugins into node_modules; done once here, because test processes that do it at the same time break each other's. */
function buildTap() {
  const folder = join(root, 'node_modules', '@tapjs', 'test', 'test-built');
  const stamp = join(folder, 'built-for');
  const configuration = createHash('sha256').update(readFileSync(join(root, '.taprc'))).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === configuration) return;
  say('preparing tap');
  run(join(root, 'node_modules', '.bin', 'tap'), ['build'], process.env, 'see the lines above', 'ignore');
  writeFileSync(stamp, configuration);
}

function run(command, commandArgs, env, remedy, stdout = 'inherit') {
  const { status, error } = spawnSync(command, commandArgs, { cwd: root, env, stdio: ['ignore', stdout, 'inherit'] });
  if (status !== 0) fail(`${[command.split('/').at(-1), ...commandArgs].join(' ')} failed${error ? `: ${error.message}` : ''}`, remedy);
}

function say(line) {
  process.stdout.write(`clientele: ${line}\n`);
}

function fail(line, remedy) {
  process.stderr.write(`clientele: ${line}\n  -> ${remedy}\n`);
  process.exit(1);
}
