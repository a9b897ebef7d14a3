/** Something that a rule has to say about a change or an event. */
export interface Finding {
  /** The field it is about, in the source's own names; empty for the whole. */
  readonly path: string;
  /** Stable, for programs. */
  readonly code: string;
  /** For people: what is so, and what it means. */
  readonly message: string;
}
