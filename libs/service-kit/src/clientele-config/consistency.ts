import type { ClienteleConfig } from '@clientele/contracts';
import type { Mistake } from './mistakes.ts';

/** What the schema cannot say. */
export function inconsistencies(config: ClienteleConfig): Mistake[] {
  return [...sourceMistakes(config), ...nameMistakes(config)];
}

function sourceMistakes({ sources = [], mapping }: ClienteleConfig): Mistake[] {
  const known = Object.keys(mapping);
  return sources.flatMap(({ id, provider }, index) => {
    const mistakes: Mistake[] = [];
    if (!known.includes(provider))
      mistakes.push({ path: ['sources', index, 'provider'], message: `has no mapping; those that have one: ${known.join(', ')}` });
    if (!id.startsWith(`${provider}:`) || id.length === provider.length + 1) {
      mistakes.push({ path: ['sources', index, 'id'], message: `must be ${provider}:<the account's own id>` });
    }
    if (sources.findIndex((other) => other.id === id) < index) mistakes.push({ path: ['sources', index, 'id'], message: 'stands twice' });
    return mistakes;
  });
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
