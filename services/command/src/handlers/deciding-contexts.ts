import type { EventWriteDTO } from '@clientele/contracts';
import type { DecidingContext } from '@clientele/domain';
import type { CrmProvider } from '@clientele/providers';
import type { SourceFacts } from '../sources/source-book.ts';

export interface DecidingContextParts {
  readonly providers: ReadonlyMap<string, Pick<CrmProvider, 'isOwnChange' | 'applyTextDiff'>>;
  readonly sources: { facts(source: string): SourceFacts };
  /** Whether records of the entity can be merged. */
  readonly mergeable: (provider: string, entity: string) => boolean;
}

export interface ContextOf {
  readonly provider: string;
  readonly source: string;
  readonly entity: string;
  /** The change that is decided; null: none, but a look at the record. */
  readonly write: EventWriteDTO | null;
}

/** What the domain has to know of a command's source and sender before it decides. */
export function decidingContext({ providers, sources, mergeable }: DecidingContextParts, of: ContextOf): DecidingContext {
  const { provider: name, source, entity, write } = of;
  const provider = providers.get(name);
  const { readable, own, broadcastOwn } = sources.facts(source);
  return {
    readable,
    patch: (base, patch) => provider?.applyTextDiff(base, patch) ?? null,
    own: write !== null && own !== null && provider !== undefined && provider.isOwnChange(write, own),
    broadcastOwn,
    survivors: mergeable(name, entity),
  };
}
