import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { dataDirectory } from '@clientele/testing';

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
  for (const folder of [folders.logs, join(data, 'run')]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folders;
}

/** Begins anew: data and logs go, fetched binaries stay. */
export function removeData(folders: Folders): void {
  for (const path of [folders.postgres, folders.nats, folders.logs, folders.secrets, folders.system, folders.demoOrgs]) rmSync(path, { recursive: true, force: true });
  mkdirSync(folders.logs, { recursive: true, mode: 0o700 });
}
