import type { FaultPoint } from '@clientele/contracts';
import type { Static, TObject } from '@sinclair/typebox';
import { faultFromEnvironment } from './fault-points.ts';
import { Health } from './health.ts';
import { createLogger, type Logger } from './logging.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { isMisconfiguration, MISCONFIGURED } from './settings/misconfiguration.ts';
import { readSettings } from './settings/read-settings.ts';
import { maskedSettings, settingsHelp } from './settings/settings-help.ts';

export interface ServiceContext<S> {
  readonly settings: S;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly faultPoint: FaultPoint;
}

export interface Service<T extends TObject> {
  readonly name: string;
  /** What it reads from the environment; `baseSettings` among it. */
  readonly settings: T;
  /**
   * Resolves once it serves, with what stops it: ends intake, finishes or gives back what is in hand, closes connections. Before it resolves there
   * is nothing in hand yet: a signal then ends the process as it is.
   */
  readonly start: (context: ServiceContext<Static<T>>) => Promise<() => Promise<void>>;
  /** How long stopping may take before the process ends anyway, with exit code 1 (default 10 s). */
  readonly stopWithinMs?: number;
}

const STOP_WITHIN_MS = 10_000;
const EXIT = { stopped: 0, failed: 1 };

/**
 * Runs a service for the life of the process. SIGTERM and SIGINT stop it: readiness off, then `stop`, then exit 0; further signals are
 * ignored, for a terminal's Ctrl-C and a launcher's SIGTERM often come together. An error that nobody caught is logged and ends it with 1;
 * settings that are wrong, also those that only the start finds to be, are said plainly and end it with 2.
 */
export async function runService<T extends TObject>(service: Service<T>): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(settingsHelp(service.name, service.settings));
    return;
  }
  const settings = settingsOrExit(service);
  const level: unknown = settings['LOG_LEVEL'];
  const logger = createLogger(service.name, { LOG_LEVEL: typeof level === 'string' ? level : 'info' });
  const health = new Health({ logger });
  const ending = new Ending(logger, health, service.stopWithinMs ?? STOP_WITHIN_MS);
  process.on('uncaughtException', (error) => ending.fail(error));
  process.on('unhandledRejection', (error) => ending.fail(error));
  process.on('SIGTERM', () => ending.stop('SIGTERM'));
  process.on('SIGINT', () => ending.stop('SIGINT'));
  logger.info({ settings: maskedSettings(service.settings, settings) }, 'starting');
  try {
    ending.started(
      await service.start({
        settings,
        logger,
        metrics: createMetrics(service.name),
        health,
        faultPoint: faultFromEnvironment(process.env),
      }),
    );
    logger.info('started');
  } catch (error) {
    if (isMisconfiguration(error)) refuse(service.name, error);
    ending.fail(error);
  }
}

function settingsOrExit<T extends TObject>(service: Service<T>): Static<T> {
  try {
    return readSettings(service.settings, process.env);
  } catch (error) {
    if (!isMisconfiguration(error)) throw error;
    return refuse(service.name, error);
  }
}

function refuse(name: string, { message }: Error): never {
  process.stderr.write(`clientele ${name} cannot start: ${message}\nRun it with --help for all settings.\n`);
  return process.exit(MISCONFIGURED);
}

/** The one way out of the process. */
class Ending {
  readonly #logger: Logger;
  readonly #health: Health;
  readonly #stopWithinMs: number;
  #stop: (() => Promise<void>) | null = null;
  #begun = false;

  constructor(logger: Logger, health: Health, stopWithinMs: number) {
    this.#logger = logger;
    this.#health = health;
    this.#stopWithinMs = stopWithinMs;
  }

  started(stop: () => Promise<void>): void {
    this.#stop = stop;
  }

  stop(signal: NodeJS.Signals): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#logger.info({ signal }, 'stopping');
    this.#health.stopping();
    if (this.#stop === null) {
      this.#exit(EXIT.stopped, 'stopped before it had started');
      return;
    }
    setTimeout(() => this.#exit(EXIT.failed, `not stopped within ${this.#stopWithinMs} ms`), this.#stopWithinMs).unref();
    this.#stop().then(
      () => this.#exit(EXIT.stopped, 'stopped'),
      (error: unknown) => this.fail(error),
    );
  }

  fail(error: unknown): void {
    this.#logger.fatal({ err: error }, 'failed');
    this.#exit(EXIT.failed, 'exit after failure');
  }

  #exit(code: number, message: string): void {
    this.#logger.info({ code }, message);
    this.#logger.flush();
    process.exit(code);
  }
}
