import type { ClienteleConfig, EntityMapping } from '@clientele/contracts';
import type { Mistake } from './mistakes.ts';

/** What the schema cannot say. */
export function inconsistencies(config: ClienteleConfig): Mistake[] {
  return [...sourceMistakes(config), ...nameMistakes(config)];
}

function sourceMistakes({ sources = [], mapping }: ClienteleConfig): Mistake[] {
  const known = Object.keys(mapping);
  return sources.flatMap(({ id, provider, credentials, base_url: baseUrl, own_changes: own }, index) => {
    const mistakes: Mistake[] = [];
    if (!known.includes(provider))
      mistakes.push({ path: ['sources', index, 'provider'], message: `has no mapping; those that have one: ${known.join(', ')}` });
    if (!id.startsWith(`${provider}:`) || id.length === provider.length + 1) {
      mistakes.push({ path: ['sources', index, 'id'], message: `must be ${provider}:<the account's own id>` });
    }
    if (sources.findIndex((other) => other.id === id) < index) mistakes.push({ path: ['sources', index, 'id'], message: 'stands twice' });
    if (credentials !== undefined && baseUrl === undefined) {
      mistakes.push({ path: ['sources', index, 'base_url'], message: 'is missing: credentials are of no use without it' });
    }
    if (own !== undefined && own.client === undefined && own.user === undefined) {
      mistakes.push({ path: ['sources', index, 'own_changes'], message: 'names neither client nor user, by which our own changes could be known' });
    }
    return mistakes;
  });
}

/** Credentials stand in the environment: what the configuration refers to has to be there. Tells names, never values. */
export function unsetReferences({ sources = [] }: ClienteleConfig, env: Readonly<Record<string, string | undefined>>): Mistake[] {
  return sources.flatMap(({ credentials = {} }, index) =>
    Object.entries(credentials).flatMap(([name, value]) => {
      const [, variable] = /^\$\{(.+)\}$/.exec(value) ?? [];
      if (variable === undefined || (env[variable] ?? '') !== '') return [];
      return [{ path: ['sources', index, 'credentials', name], message: `refers to ${variable}, which is not set` }];
    }),
  );
}

/** The path at which changes tell a field of a provider's entity. */
export type ChangePath = (provider: string, entity: string, field: string) => string;

/** Fields that no change tells by the name they have here: what is said of them, that they are personal for instance, would never apply. */
export function untoldFields({ mapping }: ClienteleConfig, changePath: ChangePath): Mistake[] {
  return Object.entries(mapping).flatMap(([provider, entities]) =>
    Object.entries(entities).flatMap(([entity, entityMapping]) =>
      Array.from(namedFields(entityMapping)).flatMap(([path, field]) => {
        const told = changePath(provider, entity, field);
        return told === field ? [] : [{ path: ['mapping', provider, entity, ...path], message: `changes tell ${field} as ${told}: write that` }];
      }),
    ),
  );
}

/** Every field that the mapping of an entity names, and where. */
function* namedFields({ fields = {}, status, conversion }: EntityMapping): Generator<readonly [path: Mistake['path'], field: string]> {
  for (const [field, { currency }] of Object.entries(fields)) {
    yield [['fields', field], field];
    if (currency !== undefined) yield [['fields', field, 'currency'], currency];
  }
  for (const [at, field] of (status?.fields ?? []).entries()) yield [['status', 'fields', at], field];
  if (conversion !== undefined) for (const field of [conversion.flag, ...conversion.into]) yield [['conversion'], field];
}

/** Two fields of an entity must not be shown under one name: one would hide the other. */
function nameMistakes({ mapping }: ClienteleConfig): Mistake[] {
  return Object.entries(mapping).flatMap(([provider, entities]) =>
    Object.entries(entities).flatMap(([entity, { fields = {} }]) => {
      const owners = new Map<string, string>();
      return Object.entries(fields).flatMap(([field, { as = field }]) => {
        const owner = owners.get(as);
        owners.set(as, field);
        return owner === undefined
          ? []
          : [{ path: ['mapping', provider, entity, 'fields', field], message: `is shown as ${as}, and so is ${owner}` }];
      });
    }),
  );
}
