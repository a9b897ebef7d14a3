import { openFolders } from './folders.ts';
import { Launcher } from './launcher.ts';
import { HELP, readOptions } from './options.ts';
import { npmAbove } from './npm-above.ts';
import { isRunning } from './process-register.ts';
import { StartError } from './start-error.ts';

// npm hands a terminal's Ctrl-C on although we got it ourselves; only a later one means impatience.
const REPEAT_MS = 1_500;
const NPM_CHECK_MS = 1_000;

process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  // A terminal that was closed, or a reader that has enough: no reason to leave servers behind.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  try {
    const options = readOptions(args);
    if (options.help) {
      process.stdout.write(HELP);
      return 0;
    }
    const launcher = new Launcher(openFolders(process.env), options, process.env, (line) => process.stdout.write(`${line}\n`));
    return await runUntilAsked(launcher);
  } catch (error) {
    process.stderr.write(error instanceof StartError
      ? `clientele: ${error.message}\n  -> ${error.remedy}\n`
      : `clientele: ${error instanceof Error ? error.stack ?? error.message : String(error)}\n`);
    return 1;
  }
}

async function runUntilAsked(launcher: Launcher): Promise<number> {
  const asked = whenAsked();
  try {
    await Promise.race([launcher.start(), asked]);
    await asked;
    return 0;
  } finally {
    const begun = Date.now();
    await launcher.stop();
    process.stdout.write(`clientele: stopped (${((Date.now() - begun) / 1000).toFixed(1)} s)\n`);
  }
}

/** Resolves when a signal asks us to stop, or when the npm that started us was killed. A signal that comes again later ends us at once. */
async function whenAsked(): Promise<void> {
  await new Promise<void>((resolve) => {
    let first = 0;
    const ask = (): void => {
      if (first !== 0 && Date.now() - first > REPEAT_MS) process.exit(1);
      if (first === 0) first = Date.now();
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask);
    const npm = npmAbove(process.env);
    if (npm === null) return;
    setInterval(() => {
      if (!isRunning(npm)) resolve();
    }, NPM_CHECK_MS).unref();
  });
}
