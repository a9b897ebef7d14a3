import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout that this code runs in. */
export const workspaceRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

/** Where the machine keeps what outlives a run: `CLIENTELE_DATA_DIR`, else `.clientele` in the checkout. */
export function dataDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(workspaceRoot, env['CLIENTELE_DATA_DIR'] ?? '.clientele');
}

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'nx.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('not inside a checkout: no nx.json in any parent folder');
  return findRoot(parent);
}
