import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

const NOBODY = 65534;

// Nothing in the system changes, the files stay root's, and folders that only root may enter are no hindrance.
const IN_A_NAMESPACE = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`];
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
// Nobody who may enter such folders all the same: for a checkout below /root where namespaces are forbidden, as in most containers. The secure
// bit makes access(2), by which PostgreSQL looks for its files, see the capability too.
const AS_NOBODY_WITH_ACCESS = [...AS_NOBODY, '--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--securebits=+no_setuid_fixup'];

/**
 * What to run a program under that refuses to run as root, as PostgreSQL does: nothing where we are not root, else the first of these ways
 * that lets it run and write to `folder`. As nobody, the folder becomes nobody's.
 * @throws Error naming the remedy where none works.
 */
export function unprivileged(program: string, folder: string): readonly string[] {
  if (process.getuid?.() !== 0) return [];
  const isNobodys = statSync(folder).uid === NOBODY;
  if (!isNobodys && works(IN_A_NAMESPACE, program, folder)) return IN_A_NAMESPACE;
  if (!isNobodys) execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, folder]);
  const way = [AS_NOBODY, AS_NOBODY_WITH_ACCESS].find((one) => works(one, program, folder));
  if (way !== undefined) return way;
  throw new Error('PostgreSQL does not run as root, and neither a user namespace nor the user nobody can be had here: '
    + 'run as an ordinary user, or bring your own server and set WRITE_DATABASE_URL and READ_DATABASE_URL');
}

function works(way: readonly string[], program: string, folder: string): boolean {
  const [wrapper = '', ...args] = [...way, 'sh', '-c', 'test -w "$1" && test -x "$2" && exec "$2" --version', 'sh', folder, program];
  return spawnSync(wrapper, args, { stdio: 'ignore' }).status === 0;
}
