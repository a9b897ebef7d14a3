import type { Finding } from '../finding.ts';
import type { ProviderContext } from './contexts.ts';

/** A command speaks of a provider that this installation knows. */
export function providerSupported({ provider, supported }: ProviderContext): Finding[] {
  if (supported.includes(provider)) return [];
  return [{ path: 'provider', code: 'provider_unsupported', message: `Provider ${provider} is not known; known are ${supported.join(', ')}` }];
}
