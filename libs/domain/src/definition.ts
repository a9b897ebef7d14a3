/** How a record of one entity is understood: data, made from the mapping file; the domain knows no entity by name. */
export interface AggregateDefinition {
  /** Aggregate type: `client`, `contact`, `opportunity`, `lead`, or the name that the mapping gives to a custom object; `[a-z][a-z0-9_]*`. */
  readonly type: string;
  /** Paths that may hold the record's status; the first that has a non-empty value counts. */
  readonly statusPaths: readonly string[];
  /** Status values that the mapping knows; a value outside is kept, with a warning. Null: any. */
  readonly statusValues: readonly string[] | null;
  /** Statuses, compared without case, whose records are not broadcast: by default inactive, pending, draft. */
  readonly silentStatuses: readonly string[];
  /** Whether a record that was public announces that it falls silent or is deleted. */
  readonly announceWithdrawal: boolean;
  /** Source path -> our name, for what is shown to others; a path that is not named keeps its own name. */
  readonly names: Readonly<Record<string, string>>;
  /** Paths whose values are references -> the entity they point at. */
  readonly references: Readonly<Record<string, string>>;
  /** Paths (or parents of paths) that hold personal data. */
  readonly personal: readonly string[];
  /** How a record says that it was converted into others; null: records of this entity never are. */
  readonly conversion: Conversion | null;
  /** What values ought to be like; a feed's change that is otherwise is taken, with a warning. Absent: nothing is expected. */
  readonly expected?: ExpectedValues;
}

export type ValueType = 'string' | 'number' | 'boolean' | 'date' | 'datetime' | 'reference';

export interface ExpectedValues {
  /** Path -> the type of its value. */
  readonly types: Readonly<Record<string, ValueType>>;
  /** Path of a reference -> what the ids of its entity begin with. */
  readonly idPrefixes: Readonly<Record<string, string>>;
  /** Path of an amount -> the path of its currency. */
  readonly currencies: Readonly<Record<string, string>>;
}

/** A record whose `flag` holds true was converted into the records that the references at `into` point at. */
export interface Conversion {
  readonly flag: string;
  readonly into: readonly string[];
}
