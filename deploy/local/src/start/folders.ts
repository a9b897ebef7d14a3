import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { dataDirectory } from '@clientele/testing';
import { StartError } from './start-error.ts';

/** What `npm start` keeps, all below `CLIENTELE_DATA_DIR`. */
export interface Folders {
  readonly data: string;
  readonly postgres: string;
  readonly nats: string;
  readonly logs: string;
  /** Passwords and ports, drawn once. */
  readonly secrets: string;
  /** Which process is what, for the next start. */
  readonly processes: string;
  readonly launcher: string;
  /** Where the running system answers, for smoke, demo and bench. */
  readonly system: string;
  /** The orgs of the demo, drawn once, and the configuration that names them as sources. */
  readonly demoOrgs: string;
  readonly config: string;
}

/** @throws StartError where the folder cannot be made. */
export function openFolders(env: NodeJS.ProcessEnv): Folders {
  const data = dataDirectory(env);
  const folders: Folders = {
    data,
    postgres: join(data, 'postgres'),
    nats: join(data, 'nats'),
    logs: join(data, 'logs'),
    secrets: join(data, 'secrets.json'),
    processes: join(data, 'run', 'processes.json'),
    launcher: join(data, 'run', 'launcher.json'),
    system: join(data, 'run', 'system.json'),
    demoOrgs: join(data, 'demo-orgs.json'),
    config: join(data, 'clientele.yaml'),
  };
  for (const folder of [folders.logs, join(data, 'run')]) makeFolder(folder);
  return folders;
}

/**
 * Begins anew: data and logs go, fetched binaries stay. The secrets go last: they tell that the folder is one of ours.
 * @throws StartError where databases lie there that are not.
 */
export function removeData(folders: Folders): void {
  const { data, postgres, nats, logs, secrets, system, demoOrgs } = folders;
  if (!existsSync(secrets) && (existsSync(postgres) || existsSync(nats))) {
    throw new StartError(`${data} holds a postgres or nats folder that npm start did not make`, 'name another folder by CLIENTELE_DATA_DIR, or remove them yourself');
  }
  for (const path of [postgres, nats, logs, system, demoOrgs, secrets]) rmSync(path, { recursive: true, force: true });
  makeFolder(logs);
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new StartError(`${folder} cannot be made: ${cause instanceof Error ? cause.message : String(cause)}`, 'name a folder that may be written by CLIENTELE_DATA_DIR', { cause });
  }
}
