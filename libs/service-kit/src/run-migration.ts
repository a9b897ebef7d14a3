import { ForeignDatabaseError, UnavailableError } from '@clientele/contracts';
import type { Static, TObject } from '@sinclair/typebox';
import { createLogger, type Logger } from './logging.ts';
import { isMisconfiguration, MISCONFIGURED } from './settings/misconfiguration.ts';
import { readSettings } from './settings/read-settings.ts';
import { settingsHelp } from './settings/settings-help.ts';

export interface Migration<T extends TObject> {
  readonly name: string;
  /** What it reads from the environment; `LOG_LEVEL` among it. */
  readonly settings: T;
  readonly run: (context: { readonly settings: Static<T>; readonly logger: Logger }) => Promise<void>;
}

const FAILED = 1;
/** Whose messages say all that is to be done, as those of wrong settings do; of others the stack is told. */
const PLAIN = [ForeignDatabaseError, UnavailableError];

/** Runs a migration as a program that ends by itself: exit code 0, 1 where it failed, 2 where its settings are wrong. */
export async function runMigration<T extends TObject>({ name, settings, run }: Migration<T>): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(settingsHelp(name, settings));
    return;
  }
  try {
    const read = readSettings(settings, process.env);
    const level: unknown = read['LOG_LEVEL'];
    await run({ settings: read, logger: createLogger(name, { LOG_LEVEL: typeof level === 'string' ? level : 'info' }) });
  } catch (error) {
    const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
    const isWrong = isMisconfiguration(error);
    process.stderr.write(`clientele ${name} failed: ${isWrong || PLAIN.some((kind) => error instanceof kind) ? message : stack}\n`);
    process.exitCode = isWrong ? MISCONFIGURED : FAILED;
  }
}
