import type { FaultPoint } from '@clientele/contracts';
import type { ClientDomainService } from '@clientele/domain';
import type { EventStore, RecordStore } from '@clientele/event-store';
import type { CrmProvider } from '@clientele/providers';
import type { Logger } from '@clientele/service-kit';
import { RetrySchedule } from '../dead-letters/retry-schedule.ts';
import { BugReport } from '../errors/bug-report.ts';
import type { ErrorHandler } from '../errors/error-handler.ts';
import { ChangeTranslator } from '../handlers/change-translator.ts';
import { DiscardParkedHandler } from '../handlers/discard-parked-handler.ts';
import { EditParkedHandler } from '../handlers/edit-parked-handler.ts';
import type { Handlers } from '../handlers/handlers.ts';
import {
  aClockADayAheadIsParked, aGapOfAnUnreadableSourceIsParked, anUnmappedEntityIsIgnored, whatTheProviderCannotTranslateIsParked,
} from '../handlers/intake-rules.ts';
import { orderMiddleware } from '../handlers/parked-order.ts';
import { ProcessCrmEventHandler, type ProcessCrmEventHandlerParts } from '../handlers/process-crm-event-handler.ts';
import type { DecidingContextParts } from '../handlers/deciding-contexts.ts';
import { QuarantineBodyHandler } from '../handlers/quarantine-body-handler.ts';
import { RecordReadHandler } from '../handlers/record-read-handler.ts';
import { RedriveParkedHandler } from '../handlers/redrive-parked-handler.ts';
import { repairPlan } from '../plans/new-plans.ts';
import { discardParkedValidators, editParkedValidators, redriveParkedValidators } from '../validation/parked-order-validators.ts';
import { processCrmEventValidators } from '../validation/process-crm-event-validators.ts';
import { recordReadValidators } from '../validation/record-read-validators.ts';
import { validationMiddleware } from '../validation/validation-middleware.ts';
import { CommandFailures } from './command-failures.ts';
import { EventProcessingPipeline } from './pipeline.ts';
import type { PipelineMetrics } from './pipeline-metrics.ts';
import { AppendStage } from './stages/append.ts';
import { DecideStage } from './stages/decide.ts';
import { LoadStage } from './stages/load.ts';
import { MapIdentityStage } from './stages/map-identity.ts';
import { RulesStage } from './stages/rules.ts';
import { ValidateStage } from './stages/validate.ts';
import { TakeUp } from './take-up.ts';

/** What commands are decided by. */
export interface CommandHandlersParts extends DecidingContextParts {
  readonly providers: ReadonlyMap<string, Pick<CrmProvider, 'translate' | 'isOwnChange' | 'applyTextDiff'>>;
  readonly definitionFor: ProcessCrmEventHandlerParts['definitionFor'];
  readonly domain: Pick<ClientDomainService, 'processCrmEvent' | 'processRecordRead'>;
  readonly now: () => Date;
}

export interface CommandPipelineParts {
  readonly store: EventStore & RecordStore;
  readonly handlers: Handlers;
  readonly metrics: PipelineMetrics;
  readonly errors: ErrorHandler;
  readonly logger: Pick<Logger, 'error'>;
  /** Called once for each change that a bug parked. */
  readonly onBug: () => void;
  readonly now: () => Date;
  readonly faultPoint: FaultPoint;
}

/** The pipeline with all its stages. */
export function commandPipeline(parts: CommandPipelineParts): EventProcessingPipeline {
  const { store, handlers, metrics, errors, logger, onBug, now, faultPoint } = parts;
  const failures = new CommandFailures(errors, new BugReport(logger, onBug));
  return new EventProcessingPipeline(
    [
      new ValidateStage(handlers),
      new MapIdentityStage(store, new TakeUp(handlers, now), failures),
      new LoadStage(store),
      new RulesStage(failures),
      new DecideStage(failures),
      new AppendStage(store, new RetrySchedule(now), faultPoint),
    ],
    metrics,
  );
}

/** A guarded handler for each kind of command. */
export function commandHandlers(parts: CommandHandlersParts): Handlers {
  const { providers, definitionFor, sources, now } = parts;
  const translator = new ChangeTranslator(providers);
  const rules = [
    anUnmappedEntityIsIgnored(definitionFor),
    whatTheProviderCannotTranslateIsParked(translator),
    aGapOfAnUnreadableSourceIsParked(translator, (source) => sources.facts(source).readable),
    aClockADayAheadIsParked(now),
  ];
  return {
    ProcessCrmEvent: validationMiddleware(
      processCrmEventValidators([...providers.keys()]),
      new ProcessCrmEventHandler({ ...parts, translator, rules, planRepair: repairPlan }),
    ),
    RecordRead: validationMiddleware(recordReadValidators([...providers.keys()]), new RecordReadHandler(parts)),
    QuarantineBody: validationMiddleware([], new QuarantineBodyHandler()),
    RedriveParked: orderMiddleware(redriveParkedValidators, new RedriveParkedHandler()),
    EditParked: orderMiddleware(editParkedValidators([...providers.keys()]), new EditParkedHandler()),
    DiscardParked: orderMiddleware(discardParkedValidators, new DiscardParkedHandler()),
  };
}
