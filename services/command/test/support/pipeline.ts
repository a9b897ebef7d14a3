import type { EventStore, RecordStore } from '@clientele/event-store';
import { noFault, type LaneName } from '@clientele/contracts';
import { createProvider } from '@clientele/providers';
import { createMetrics, definitionFor, loadClienteleConfig } from '@clientele/service-kit';
import { ClientDomainService } from '@clientele/domain';
import { commandHandlers, commandPipeline } from '../../src/pipeline/command-pipeline.ts';
import { SourceBook, type SourceFacts } from '../../src/sources/source-book.ts';
import { ErrorHandler } from '../../src/errors/error-handler.ts';
import { PipelineMetrics } from '../../src/pipeline/pipeline-metrics.ts';
import { LaneSession } from '../../src/lanes/lane-session.ts';
import { laneWork } from '../../src/lanes/lane-work.ts';
import type { Batch } from '../../src/pipeline/batch.ts';
import { laneBatch, TestPublisher } from './commands.ts';

export interface LoggedBug {
  readonly changeId: string;
  readonly err: unknown;
}

export interface TestPipelineOptions {
  readonly domain?: Partial<Pick<ClientDomainService, 'processCrmEvent'>>;
  readonly now?: () => Date;
  /** What is configured of every source; by default nothing. */
  readonly facts?: Partial<SourceFacts>;
}

/** The service's own pipeline on a store, and one lane to feed it by. */
export function testPipeline(store: EventStore & RecordStore, options: TestPipelineOptions = {}) {
  const config = loadClienteleConfig();
  const entities = config.mapping['salesforce'] ?? {};
  const bugs: LoggedBug[] = [];
  const counted: number[] = [];
  const now = options.now ?? (() => new Date());
  const handlers = commandHandlers({
    providers: new Map([['salesforce', createProvider('salesforce', { entities })]]),
    definitionFor: (provider, entity) => definitionFor(config, provider, entity),
    sources: { facts: (source) => ({ ...new SourceBook(config, []).facts(source), ...options.facts }) },
    mergeable: (_provider, entity) => entities[entity]?.merges === true,
    domain: { ...ClientDomainService, ...options.domain },
    now,
  });
  const pipeline = commandPipeline({
    store,
    handlers,
    metrics: new PipelineMetrics(createMetrics('command')),
    errors: new ErrorHandler(),
    onBug: () => void counted.push(1),
    logger: { error: (bug: LoggedBug) => void bugs.push(bug) },
    now,
    faultPoint: noFault,
  });
  const lane: LaneName = 'commands.0';
  const session = new LaneSession(lane, 1, 1_000_000);
  const publisher = new TestPublisher('publisher', lane);
  let sequence = 0;

  return {
    bugs,
    /** How often `clientele_bugs_total` would have risen. */
    bugsCounted: () => counted.length,
    session,
    pipeline,
    handlers,
    /** Sends the commands as one envelope and has them decided. */
    decide: async (commands: readonly unknown[]): Promise<Batch> => {
      sequence += 1;
      const batch = laneBatch([publisher.envelope(commands)], { firstSequence: sequence });
      for (const work of laneWork(batch, session.numbers, now)) {
        const decided = await pipeline.process(session, work);
        session.keep(decided);
        return decided;
      }
      throw new Error('nothing was there to decide');
    },
  };
}

/** `outcome reason` of each change of a batch. */
export function outcomes({ items }: Batch): string[] {
  return items.map(({ settlement }) => [settlement?.outcome, settlement?.reason].filter(Boolean).join(' '));
}
