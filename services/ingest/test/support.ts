import { commandLanes, decodeEnvelope, quarantineLane, type Command, type EventDispatcher, type LaneEnvelope, type LaneFeed, type LaneName } from '@clientele/contracts';
import { InMemoryLanes } from '@clientele/messaging';
import { createLogger, createMetrics, Health, parseClienteleConfig, type HttpServer } from '@clientele/service-kit';
import { createIngestApp, type IngestParts } from '../src/app.ts';

export const ORG = '00D5f000005KcCnEAK';
export const SOURCE = `salesforce:${ORG}`;
export const RELAY = `aws.partner/salesforce.com/${ORG}/0YL5f000000CabWGAS`;
export const KEY = 'dev-ingest-key';
export const LANES: readonly LaneName[] = [...commandLanes(4), quarantineLane('salesforce')];

/** A relay's envelope as text: an update of the given accounts by the nth transaction. */
export function body(n: number, options: { recordIds?: readonly string[]; source?: string; name?: string } = {}): string {
  const { recordIds = ['0015f00002JUZPDAA5'], source = RELAY, name = 'Acme' } = options;
  return `{"version":"0","id":"5c420001-e005-43b3-c744-07990c50d2cc","detail-type":"AccountChangeEvent","source":"${source}","detail":{"payload":{`
    + `"Name":"${name}","AnnualRevenue":1250000.50,"ChangeEventHeader":{"entityName":"Account","recordIds":${JSON.stringify(recordIds)},"changeType":"UPDATE",`
    + `"changeOrigin":"","transactionKey":"transaction-${n}","sequenceNumber":1,"commitTimestamp":1745500706000,"commitNumber":1745500706683617281,`
    + '"commitUser":"005ak00000EpjsfAAB","changedFields":["Name","AnnualRevenue"]}}}}';
}

/** Account ids of 15 characters, all different. */
export function accounts(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `0015f0000${String(at).padStart(6, '0')}`);
}

/** Lanes in memory that keep a list of what they stored, and can fail in the middle of a dispatch. */
export class WatchedLanes implements EventDispatcher {
  readonly lanes = new InMemoryLanes();
  readonly stored: Command[] = [];
  /** How many commands of the next dispatch are stored before it fails. */
  failAfter: number | null = null;
  #failure = new Error('never thrown');

  failNext(after: number, failure: Error): void {
    this.failAfter = after;
    this.#failure = failure;
  }

  async dispatch(commands: readonly Command[]): Promise<void> {
    const failAfter = this.failAfter;
    this.failAfter = null;
    const some = failAfter === null ? commands : commands.slice(0, failAfter);
    await this.lanes.dispatch(some);
    this.stored.push(...some);
    if (failAfter !== null) throw this.#failure;
  }
}

const MAPPING = 'mapping: { salesforce: { Account: { aggregate: client } } }';

/** A configuration of one source, and what else its YAML says. */
export function config(sources = `[{ id: "${SOURCE}", provider: salesforce }]`) {
  return parseClienteleConfig(`version: 1\nsources: ${sources}\n${MAPPING}\n`, 'test.yaml');
}

export async function ingestApp(parts: Partial<IngestParts> = {}): Promise<{ app: HttpServer; lanes: WatchedLanes }> {
  const lanes = new WatchedLanes();
  const app = await createIngestApp({
    config: config(),
    development: false,
    apiKeys: `any:${KEY},bound:bound-key@${SOURCE},elsewhere:other-key@salesforce:00D000000000001AAA`,
    queryPublicUrl: 'https://clientele.example.com/',
    dispatcher: lanes,
    bodyLimit: 64 * 1024,
    logger: createLogger('ingest', { LOG_LEVEL: 'silent' }),
    metrics: createMetrics('ingest'),
    health: new Health(),
    ...parts,
  });
  return { app, lanes };
}

/** Follows every lane of a broker and keeps what it reads. */
export function followLanes(feed: LaneFeed, signal: AbortSignal): { envelopes: LaneEnvelope[]; commands: () => Command[] } {
  const envelopes: LaneEnvelope[] = [];
  for (const lane of LANES) void follow(feed, lane, envelopes, signal);
  return { envelopes, commands: () => envelopes.flatMap((envelope) => envelope.commands as Command[]) };
}

async function follow(feed: LaneFeed, lane: LaneName, envelopes: LaneEnvelope[], signal: AbortSignal): Promise<void> {
  for await (const batch of feed.read(lane, null, { signal })) envelopes.push(...batch.messages.map(({ data }) => decodeEnvelope(data)));
}
