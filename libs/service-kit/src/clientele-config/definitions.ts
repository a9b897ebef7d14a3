import type { ClienteleConfig, EntityMapping } from '@clientele/contracts';
import type { AggregateDefinition } from '@clientele/domain';

const DEFAULT_SILENT_STATUSES = ['inactive', 'pending', 'draft'];

const cache = new WeakMap<ClienteleConfig, Map<string, AggregateDefinition>>();

/** How the domain understands a provider's entity; null where no mapping names it. Made once a configuration. */
export function definitionFor(config: ClienteleConfig, provider: string, entity: string): AggregateDefinition | null {
  let definitions = cache.get(config);
  if (definitions === undefined) {
    definitions = allDefinitions(config);
    cache.set(config, definitions);
  }
  return definitions.get(keyOf(provider, entity)) ?? null;
}

/** The entities of a provider whose records become aggregates of a type. */
export function entitiesOf(config: ClienteleConfig, aggregateType: string): { provider: string; entity: string }[] {
  return Object.entries(config.mapping).flatMap(([provider, entities]) =>
    Object.entries(entities)
      .filter(([, mapping]) => mapping.aggregate === aggregateType)
      .map(([entity]) => ({ provider, entity })),
  );
}

/** Every aggregate type that the mapping names. */
export function aggregateTypes(config: ClienteleConfig): string[] {
  return [...new Set(Object.values(config.mapping).flatMap((entities) => Object.values(entities).map(({ aggregate }) => aggregate)))];
}

function allDefinitions(config: ClienteleConfig): Map<string, AggregateDefinition> {
  const pairs = Object.entries(config.mapping).flatMap(([provider, entities]) =>
    Object.entries(entities).map(([entity, mapping]): [string, AggregateDefinition] => [
      keyOf(provider, entity),
      definition(mapping, entities, config.broadcast),
    ]),
  );
  return new Map(pairs);
}

function definition(mapping: EntityMapping, entities: Readonly<Record<string, EntityMapping>>, broadcast: ClienteleConfig['broadcast']): AggregateDefinition {
  const fields = Object.entries(mapping.fields ?? {});
  return {
    type: mapping.aggregate,
    statusPaths: mapping.status?.fields ?? [],
    statusValues: mapping.status?.values ?? null,
    silentStatuses: broadcast?.silent_statuses ?? DEFAULT_SILENT_STATUSES,
    announceWithdrawal: broadcast?.announce_withdrawal ?? true,
    names: Object.fromEntries(fields.flatMap(([path, { as }]) => (as === undefined ? [] : [[path, as]]))),
    references: Object.fromEntries(fields.flatMap(([path, { references }]) => (references === undefined ? [] : [[path, references]]))),
    personal: fields.filter(([, { personal }]) => personal === true).map(([path]) => path),
    conversion: mapping.conversion ?? null,
    expected: {
      types: Object.fromEntries(fields.flatMap(([path, { type }]) => (type === undefined ? [] : [[path, type]]))),
      idPrefixes: Object.fromEntries(fields.flatMap(([path, { references = '' }]) => {
        const prefix = entities[references]?.id_prefix;
        return prefix === undefined ? [] : [[path, prefix]];
      })),
      currencies: Object.fromEntries(fields.flatMap(([path, { currency }]) => (currency === undefined ? [] : [[path, currency]]))),
    },
  };
}

function keyOf(provider: string, entity: string): string {
  return `${provider}\n${entity}`;
}
