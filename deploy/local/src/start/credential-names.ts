import { readFileSync } from 'node:fs';

const REFERENCE = /\$\{([A-Z][A-Z0-9_]*)\}/g;

/**
 * The variables that the configuration refers to, as `${NAME}`: credentials of the sources, for the service that reads from providers alone.
 * None where there is no configuration that can be read: the services say what is wrong with it.
 */
export function credentialNames({ CLIENTELE_CONFIG: file = '' }: NodeJS.ProcessEnv): ReadonlySet<string> {
  if (file === '') return new Set();
  try {
    return new Set([...readFileSync(file, 'utf8').matchAll(REFERENCE)].map(([, name = '']) => name));
  } catch {
    return new Set();
  }
}
