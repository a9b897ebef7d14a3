import type { ClienteleConfig } from '@clientele/contracts';

/** Where an envelope says that it comes from. */
export interface EnvelopeOrigin {
  /** The envelope's own words, for example EventBridge's `source`; matched against `match`. */
  readonly name: string;
  /** The account that the provider's mapper reads from it (an org's or a portal's id); null where it carries none. */
  readonly account: string | null;
}

/**
 * The source id that an envelope belongs to: the configured source whose `match` fits its name, or whose id is its own account.
 * In development an account that no source names is taken under its own name. Null: unknown source, to be quarantined.
 */
export function sourceOf(config: ClienteleConfig, provider: string, origin: EnvelopeOrigin, development: boolean): string | null {
  const own = origin.account === null ? null : `${provider}:${origin.account}`;
  const sources = (config.sources ?? []).filter((source) => source.provider === provider);
  const matched = sources.find(({ match }) => match?.some((pattern) => fits(pattern, origin.name)));
  if (matched) return matched.id;
  const configured = sources.find(({ id, match }) => match === undefined && id === own);
  if (configured !== undefined || !development) return configured?.id ?? null;
  const named = own ?? `${provider}:${origin.name}`;
  return named.length <= LONGEST_ID ? named : null;
}

/** As a source's id may be in the configuration: a longer one could not be kept. */
const LONGEST_ID = 255;

function fits(pattern: string, name: string): boolean {
  const source = pattern
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${source}$`).test(name);
}
