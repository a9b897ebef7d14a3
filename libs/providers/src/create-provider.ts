import { ValidationError } from '@clientele/contracts';
import type { CrmProvider, ProviderConfig } from './provider.ts';
import { salesforceProvider } from './salesforce/provider.ts';

/** Every CRM that has a name here. Null: known, not available yet. */
const REGISTRY = new Map<string, ((config: ProviderConfig) => CrmProvider) | null>([
  ['salesforce', salesforceProvider],
  ['hubspot', null],
  ['pipedrive', null],
]);

/** The CRMs that {@link createProvider} can make. */
export const AVAILABLE_PROVIDERS: readonly string[] = [...REGISTRY].filter(([, make]) => make !== null).map(([name]) => name);

/** @throws ValidationError for a name that is not known, or not available yet; the message names those that are. */
export function createProvider(name: string, config: ProviderConfig): CrmProvider {
  const make = REGISTRY.get(name);
  if (make) return make(config);
  const message = make === null ? `${name} is not available yet; available: ${AVAILABLE_PROVIDERS.join(', ')}` : `${name} is not a provider; known: ${[...REGISTRY.keys()].join(', ')}`;
  throw new ValidationError(message, [{ path: 'provider', code: make === null ? 'unavailable' : 'unknown', message }]);
}
