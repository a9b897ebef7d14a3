/** What a plan counted: its own (`calls`, `ms`, `pages`), and of each entity. Kept flat: `Account:read`. */
export type Tally = Readonly<Record<string, number>>;

export interface Counts {
  readonly add?: Tally;
  readonly set?: Tally;
}

/** Counts of an entity's, as the plan keeps them. */
export function ofEntity(entity: string, counts: Tally): Tally {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${entity}:${name}`, count]));
}

export function counted(tally: Tally, { add = {}, set = {} }: Counts): Tally {
  const sums = Object.entries(add).map(([name, count]): [string, number] => [name, (tally[name] ?? 0) + count]);
  return { ...tally, ...Object.fromEntries(sums), ...set };
}

export function countOf(tally: Tally, entity: string, name: string): number {
  return tally[`${entity}:${name}`] ?? 0;
}

/** Of all entities together; null where none has it. */
export function sumOf(tally: Tally, name: string): number | null {
  const counts = Object.entries(tally).filter(([key]) => key.endsWith(`:${name}`)).map(([, count]) => count);
  return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0);
}

/** By entity: name -> count. */
export function byEntity(tally: Tally): Record<string, Record<string, number>> {
  const entities: Record<string, Record<string, number>> = {};
  for (const [key, count] of Object.entries(tally)) {
    const colon = key.lastIndexOf(':');
    if (colon < 0) continue;
    const entity = key.slice(0, colon);
    entities[entity] = { ...entities[entity], [key.slice(colon + 1)]: count };
  }
  return entities;
}
