export type ReaderState =
  /** Another process reads the source, or none yet. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'reading' }
  | { readonly kind: 'rate_limited' | 'unauthorised' | 'unavailable'; readonly reason: string; readonly until: Date }
  /** Our own quota is spent for all but more urgent reads. */
  | { readonly kind: 'saving' }
  | { readonly kind: 'holding'; readonly reason: string };

export const READER_STATES = ['elsewhere', 'reading', 'rate_limited', 'unauthorised', 'unavailable', 'saving', 'holding'] as const satisfies readonly ReaderState['kind'][];

export interface ReaderStatus {
  readonly state: ReaderState;
  /** When a look succeeded last; null: none of this process did. */
  readonly lastReadAt: Date | null;
}

/** Where this process stands with each source that it may read: what routes and metrics tell. */
export class ReaderBoard {
  readonly #readers = new Map<string, ReaderStatus>();

  of(source: string): ReaderStatus {
    return this.#readers.get(source) ?? { state: { kind: 'elsewhere' }, lastReadAt: null };
  }

  /** Answers whether this is another state than before. */
  set(source: string, state: ReaderState): boolean {
    const before = this.of(source);
    this.#readers.set(source, { ...before, state });
    return before.state.kind !== state.kind;
  }

  read(source: string, at: Date): void {
    this.#readers.set(source, { ...this.of(source), lastReadAt: at });
  }
}
