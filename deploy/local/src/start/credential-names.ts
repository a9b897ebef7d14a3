import { loadClienteleConfig } from '@clientele/service-kit';

const REFERENCE = /^\$\{(.+)\}$/;

/**
 * The variables that the configuration takes the credentials of sources from: for the service that reads from providers alone.
 * None where the configuration cannot be read: then no service starts, and each says why.
 */
export function credentialNames({ CLIENTELE_CONFIG: file = '' }: NodeJS.ProcessEnv): ReadonlySet<string> {
  try {
    const { sources = [] } = loadClienteleConfig(file === '' ? undefined : file);
    return new Set(sources.flatMap(({ credentials = {} }) => Object.values(credentials)).flatMap((value) => REFERENCE.exec(value)?.[1] ?? []));
  } catch {
    return new Set();
  }
}
