import { READ_LANES, type KnownSource, type ReadCount } from '@clientele/event-store';
import { Type, type Static } from '@sinclair/typebox';
import type { ReaderBoard } from '../reading/reader-board.ts';
import type { SourceBook } from './source-book.ts';

const orNull = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>>(schema: T) => Type.Union([schema, Type.Null()]);
const Instant = Type.String({ format: 'date-time' });
const Count = Type.Integer({ minimum: 0 });

export const SourceReport = Type.Object({
  id: Type.String(),
  provider: Type.String(),
  /** Whether it has credentials; nothing of one without them can be read, and its records stay incomplete. */
  readable: Type.Boolean(),
  reader: Type.Object({
    state: Type.String({ description: 'In this process: elsewhere, reading, saving (quota), rate_limited, unauthorised, unavailable, holding' }),
    reason: orNull(Type.String()),
    until: orNull(Instant),
    last_read_at: orNull(Instant),
  }),
  breaker: Type.Union([Type.Object({ state: Type.String(), failures: Count, retry_at: orNull(Instant) }), Type.Null()]),
  quota: Type.Union([
    Type.Object({
      spent: Type.Record(Type.String(), Count, { description: 'Our own calls of the last 24 hours, by lane' }),
      budget: orNull(Type.Integer()),
      left: orNull(Type.Integer()),
      account: Type.Union([Type.Object({ used: Count, max: Count }), Type.Null()]),
    }),
    Type.Null(),
  ]),
  reads: Type.Object({
    open: Count,
    taken: Count,
    given_up: Count,
    /** When the read that is due longest was due. */
    oldest_due_at: orNull(Instant),
    lanes: Type.Record(Type.String(), Count, { description: 'Open and taken, by lane' }),
  }),
  generation: orNull(Type.String()),
  last_change_at: orNull(Instant),
  connected_at: orNull(Instant),
});
export type SourceReport = Static<typeof SourceReport>;

export interface SourceReports {
  /** Of the configuration. */
  readonly configured: readonly { readonly id: string; readonly provider: string }[];
  readonly sources: SourceBook;
  readonly board: ReaderBoard;
  readonly listKnown: () => Promise<readonly KnownSource[]>;
  readonly countReads: () => Promise<readonly ReadCount[]>;
}

/** Every source that is configured or was seen, by id. @throws UnavailableError */
export async function sourceReports({ configured, sources, board, listKnown, countReads }: SourceReports): Promise<SourceReport[]> {
  const [known, counts] = await Promise.all([listKnown(), countReads()]);
  const all = new Map([...known.map(({ source: id, provider }): [string, string] => [id, provider]), ...configured.map(({ id, provider }): [string, string] => [id, provider])]);
  return await Promise.all([...all].sort(([one], [other]) => (one < other ? -1 : 1)).map(async ([id, provider]) => {
    const readable = sources.find(id);
    const { state, lastReadAt } = board.of(id);
    const breaker = readable?.records.breaker() ?? null;
    const row = known.find(({ source }) => source === id);
    return {
      id,
      provider,
      readable: readable !== null,
      reader: {
        state: state.kind, reason: 'reason' in state ? state.reason : null, until: 'until' in state ? state.until.toISOString() : null,
        last_read_at: lastReadAt?.toISOString() ?? null,
      },
      breaker: breaker === null ? null : {
        state: breaker.state, failures: breaker.failures, retry_at: breaker.retryAt === null ? null : new Date(breaker.retryAt).toISOString(),
      },
      quota: readable === null ? null : await readable.quota.status(),
      reads: readsOf(counts.filter(({ source }) => source === id)),
      generation: row?.generation ?? null,
      last_change_at: row?.lastChangeAt?.toISOString() ?? null,
      connected_at: row?.connectedAt.toISOString() ?? null,
    };
  }));
}

function readsOf(counts: readonly ReadCount[]): SourceReport['reads'] {
  const sum = (of: readonly ReadCount[]): number => of.reduce((total, { count }) => total + count, 0);
  const inState = (state: ReadCount['state']): readonly ReadCount[] => counts.filter((one) => one.state === state);
  const due = inState('open').flatMap(({ firstDueAt }) => (firstDueAt === null ? [] : [firstDueAt.getTime()]));
  return {
    open: sum(inState('open')),
    taken: sum(inState('taken')),
    given_up: sum(inState('given_up')),
    oldest_due_at: due.length === 0 ? null : new Date(Math.min(...due)).toISOString(),
    lanes: Object.fromEntries(READ_LANES.map((lane) => [lane, sum(counts.filter((one) => one.lane === lane && one.state !== 'given_up'))])),
  };
}
