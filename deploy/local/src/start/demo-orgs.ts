import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { freePort } from '@clientele/testing';
import { DEFAULT_CONFIG_FILE } from '@clientele/service-kit';
import type { Folders } from './folders.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';

/** An org that `npm run demo` simulates: the system knows it as a source; only while a demo runs does anybody answer there. */
export interface DemoOrg {
  /** 18 characters. */
  readonly id: string;
  /** Where its REST API is, on 127.0.0.1. */
  readonly port: number;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** What the demo's orgs add to the environment of the services. */
export interface DemoSources {
  readonly orgs: readonly DemoOrg[];
  readonly settings: Readonly<Record<string, string>>;
}

const ORG_IDS = ['00D5e0000002OneEAE', '00D5e0000002TwoEAE'] as const;

/** Nothing asks an org that is not there, unless somebody says so: a demo has it loaded when it begins. */
const LEFT_ALONE = { LOAD_ON_CONNECT: 'false', SAMPLE_EVERY_MINUTES: '0', COMPARE_EVERY_HOURS: '0', FEED_LOOK_SECONDS: '0' };

/**
 * In development, where `CLIENTELE_CONFIG` names no configuration: one in the data folder, made of the default mapping and the demo's orgs.
 * Otherwise nothing, so that nobody's configuration is touched.
 */
export async function demoSources(folders: Folders, env: NodeJS.ProcessEnv): Promise<DemoSources> {
  const isDevelopment = ['development', ''].includes(env['NODE_ENV'] ?? '');
  if (!isDevelopment || (env['CLIENTELE_CONFIG'] ?? '') !== '') return { orgs: [], settings: {} };
  const orgs = await openDemoOrgs(folders.demoOrgs);
  writeFileSync(folders.config, configurationOf(orgs));
  const credentials = orgs.flatMap(({ clientId, clientSecret }, at): [string, string][] => [[idVariable(at), clientId], [secretVariable(at), clientSecret]]);
  const leftAlone = Object.fromEntries(Object.entries(LEFT_ALONE).filter(([name]) => (env[name] ?? '') === ''));
  return { orgs, settings: { ...leftAlone, CLIENTELE_CONFIG: folders.config, ...Object.fromEntries(credentials) } };
}

export function isDemoOrgs(value: unknown): value is readonly DemoOrg[] {
  return Array.isArray(value) && value.every(isDemoOrg);
}

/** Drawn once and kept, so that a demo that outlives a restart of the system stays where it is. */
async function openDemoOrgs(file: string): Promise<readonly DemoOrg[]> {
  const kept: unknown = readJsonFile(file);
  if (isDemoOrgs(kept) && kept.length === ORG_IDS.length) return kept;
  const orgs: DemoOrg[] = [];
  for (const id of ORG_IDS) orgs.push({ id, port: await freePort(), clientId: `clientele-${id}`, clientSecret: randomBytes(18).toString('hex') });
  writeJsonFile(file, orgs);
  return orgs;
}

/** What the default configuration says of itself. */
const HEAD = /^(#.*\n|\n)+/;

function configurationOf(orgs: readonly DemoOrg[]): string {
  const sources = orgs.map(({ id, port }, at) => [
    `  - id: salesforce:${id}`,
    '    provider: salesforce',
    `    base_url: http://127.0.0.1:${port}`,
    `    credentials: { type: client_credentials, client_id: '\${${idVariable(at)}}', client_secret: '\${${secretVariable(at)}}' }`,
    '    own_changes: { client: Clientele, broadcast: false }',
  ].join('\n'));
  return [
    '# Written by every npm start that CLIENTELE_CONFIG names no file for: the default configuration, and the orgs of npm run demo as sources.',
    '# Do not change it; copy it, and name the copy in CLIENTELE_CONFIG.', '', 'sources:', ...sources, '', readFileSync(DEFAULT_CONFIG_FILE, 'utf8').replace(HEAD, ''),
  ].join('\n');
}

function idVariable(at: number): string {
  return `DEMO_ORG_${at + 1}_CLIENT_ID`;
}

function secretVariable(at: number): string {
  return `DEMO_ORG_${at + 1}_CLIENT_SECRET`;
}

function isDemoOrg(value: unknown): value is DemoOrg {
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string' && 'port' in value && Number.isSafeInteger(value.port)
    && 'clientId' in value && typeof value.clientId === 'string' && 'clientSecret' in value && typeof value.clientSecret === 'string';
}
