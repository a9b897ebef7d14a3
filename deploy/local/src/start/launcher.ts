import { isFree } from '@clientele/testing';
import { demoSources } from './demo-orgs.ts';
import { removeData, type Folders } from './folders.ts';
import { followLogs, limitSize, shortLogLine } from './log-files.ts';
import { migrate } from './migrations.ts';
import type { StartOptions } from './options.ts';
import { ProcessRegister } from './process-register.ts';
import { readyBlock } from './ready-block.ts';
import { untilAllReady } from './readiness.ts';
import { announceSystem, systemOf } from './running-system.ts';
import { chooseServers } from './servers.ts';
import { portVariable, SERVICE_NAMES, servicePart, servicePorts } from './services.ts';
import { becomeLauncher, noLongerLauncher, tellStopping } from './single-launcher.ts';
import { StartError } from './start-error.ts';
import { Supervisor, type Part } from './supervisor.ts';

const LOG_CHECK_MS = 10_000;

/** Everything that one `npm start` runs. */
export class Launcher {
  readonly #folders: Folders;
  readonly #options: StartOptions;
  readonly #env: NodeJS.ProcessEnv;
  readonly #print: (line: string) => void;
  readonly #register: ProcessRegister;
  readonly #servers: Supervisor[] = [];
  readonly #services: Supervisor[] = [];
  readonly #stopping = new AbortController();
  readonly #background: (() => void)[] = [];
  #isLauncher = false;

  constructor(folders: Folders, options: StartOptions, env: NodeJS.ProcessEnv, print: (line: string) => void) {
    this.#folders = folders;
    this.#options = options;
    this.#env = env;
    this.#print = print;
    this.#register = new ProcessRegister(folders.processes);
  }

  /**
   * Brings everything up; returns once it is ready, or once `stop` was called.
   * @throws StartError
   */
  async start(): Promise<void> {
    const begun = Date.now();
    const system = systemOf(this.#folders, this.#env);
    await becomeLauncher(this.#folders, this.#register, this.#say);
    this.#isLauncher = true;
    await this.#checkPorts();
    if (this.#options.fresh) {
      this.#say('beginning anew: removing the embedded databases, streams and logs');
      removeData(this.#folders);
    }
    const servers = await chooseServers(this.#folders, this.#env, this.#say);
    const demo = await demoSources(this.#folders, this.#env);
    const env = { ...this.#env, ...demo.settings };
    this.#keepLogs([...servers.parts.map(({ name }) => name), ...SERVICE_NAMES]);
    for (const part of servers.parts) await this.#step(`starting ${part.name}`, async () => await this.#run(part, this.#servers));
    await this.#step('migrating', async () => {
      await servers.open();
      await migrate(servers, this.#env, this.#stopping.signal);
      await servers.openEventLog();
    });
    await this.#step('starting the services', async () => {
      for (const name of SERVICE_NAMES) await this.#run(servicePart(name, this.#folders, servers, env), this.#services);
      await untilAllReady(this.#services, (service) => addressOf(system.addresses, service), this.#stopping.signal);
    });
    if (this.#stopping.signal.aborted) return;
    announceSystem(this.#folders, { ...system, demoOrgs: demo.orgs, eventLogUrl: servers.databaseUrl('logReader'), brokerUrl: servers.natsUrl('projector') });
    this.#print(readyBlock(system, servers, (Date.now() - begun) / 1000));
  }

  /** Services first, then the servers that they stand on. Bounded: what does not stop in time is ended. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    if (!this.#isLauncher) return;
    tellStopping(this.#folders);
    for (const [what, supervisors] of [['services', this.#services], ['servers', this.#servers]] as const) {
      if (supervisors.length > 0) this.#say(`stopping the ${what}`);
      await Promise.all(supervisors.map(async (supervisor) => await supervisor.stop()));
    }
    for (const end of this.#background) end();
    noLongerLauncher(this.#folders);
  }

  readonly #say = (line: string): void => this.#print(`clientele: ${line}`);

  async #step(what: string, work: () => Promise<void>): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#say(what);
    await work();
  }

  async #run(part: Part, kind: Supervisor[]): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const supervisor = new Supervisor(part, {
      say: this.#say,
      spawned: (name, pid) => this.#register.add(name, pid, name === 'postgres' ? 'SIGINT' : 'SIGTERM'),
    });
    kind.push(supervisor);
    await supervisor.start().catch((cause: unknown) => {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw cause instanceof StartError ? cause : new StartError(`${part.name} does not start: ${message.trim()}`, `its log is ${part.logFile}`, { cause });
    });
  }

  async #checkPorts(): Promise<void> {
    const ports = servicePorts(this.#env);
    for (const name of SERVICE_NAMES) {
      const free = await isFree(ports[name], this.#env['HOST'] === '' ? undefined : this.#env['HOST']).catch((cause: unknown) => {
        throw new StartError(`${name} cannot listen: ${cause instanceof Error ? cause.message : String(cause)}`, `HOST must be an address of this machine, and ${portVariable(name)} a port that you may open`, { cause });
      });
      if (free) continue;
      throw new StartError(`port ${ports[name]} for ${name} is in use by another program`, `stop that program, or choose another port: ${portVariable(name)}=${ports[name] + 100} npm start`);
    }
  }

  #keepLogs(names: readonly string[]): void {
    const files = new Map(names.map((name) => [name, `${this.#folders.logs}/${name}.log`]));
    const limit = (): void => {
      for (const file of files.values()) limitSize(file);
    };
    limit();
    const timer = setInterval(limit, LOG_CHECK_MS);
    this.#background.push(() => clearInterval(timer));
    if (this.#options.verbose) this.#background.push(followLogs(files, (name, text) => this.#print(`${name.padEnd(9)} | ${shortLogLine(text)}`)));
  }
}

function addressOf(addresses: Readonly<Record<string, string>>, { part }: Supervisor): string {
  return addresses[part.name] ?? '';
}
