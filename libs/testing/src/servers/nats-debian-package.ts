import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
// Debian 13. The package of Debian 12 is 2.9: too old to sync every message to disk. It needs libc 2.34, which Debian 12 has.
const SUITE = 'trixie';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const TIMEOUT_MS = 180_000;

/**
 * Unpacks Debian's own package of the server below `folder`, checked by apt against Debian's signature. Uses lists and caches of its own and
 * the mirror that this machine's apt is set to: nothing of the system changes, and no rights are needed.
 * @returns the path of the binary.
 * @throws Error where apt is missing, cannot reach its mirror, or the mirror does not carry the suite.
 */
export async function unpackDebianPackage(folder: string): Promise<string> {
  const errors: unknown[] = [];
  for (const mirror of await mirrors()) {
    try {
      return await unpackFrom(mirror, folder);
    } catch (error) {
      errors.push(error);
    }
  }
  throw new AggregateError(errors, errors.length === 0 ? 'apt knows of no Debian mirror' : `no mirror of this machine gave the package: ${errors.map(String).join('; ')}`);
}

async function mirrors(): Promise<string[]> {
  const { stdout } = await run('apt-get', ['indextargets', '--format', '$(COMPONENT) $(REPO_URI)', 'Created-By: Packages'], { timeout: TIMEOUT_MS });
  const uris = stdout.split('\n').filter((line) => line.startsWith('main ')).map((line) => line.slice('main '.length).trim());
  // The security archive signs its own suites and does not carry the package.
  return [...new Set(uris)].filter((uri) => /^https?:/.test(uri) && !uri.includes('security'));
}

async function unpackFrom(mirror: string, folder: string): Promise<string> {
  await mkdir(join(folder, 'lists', 'partial'), { recursive: true });
  await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
  await writeFile(join(folder, 'sources.list'), `deb [signed-by=${KEYRING}] ${mirror} ${SUITE} main\n`);
  const configuration = join(folder, 'apt.conf');
  await writeFile(configuration, `
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "2";
Dir::State::Lists "${folder}/lists";
Dir::Cache "${folder}/cache";
Dir::Etc::SourceList "${folder}/sources.list";
Dir::Etc::SourceParts "-";
`);
  const apt = async (...args: string[]): Promise<unknown> => await run('apt-get', ['-q', '-c', configuration, ...args], { cwd: folder, timeout: TIMEOUT_MS });
  await apt('update', '--error-on=any');
  await apt('download', 'nats-server');
  const archive = (await readdir(folder)).find((name) => name.endsWith('.deb'));
  if (archive === undefined) throw new Error('apt downloaded no package');
  await run('dpkg', ['-x', join(folder, archive), join(folder, 'unpacked')], { timeout: TIMEOUT_MS });
  return join(folder, 'unpacked', 'usr', 'sbin', 'nats-server');
}
