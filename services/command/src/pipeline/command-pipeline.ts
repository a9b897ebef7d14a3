import type { FaultPoint } from '@clientele/contracts';
import type { ClientDomainService } from '@clientele/domain';
import type { EventStore, RecordStore } from '@clientele/event-store';
import type { CrmProvider } from '@clientele/providers';
import type { Logger } from '@clientele/service-kit';
import { BugReport } from '../errors/bug-report.ts';
import type { ErrorHandler } from '../errors/error-handler.ts';
import { ChangeTranslator } from '../handlers/change-translator.ts';
import type { Handlers } from '../handlers/handlers.ts';
import { aClockADayAheadIsParked, anUnmappedEntityIsIgnored, whatTheProviderCannotTranslateIsParked } from '../handlers/intake-rules.ts';
import { ProcessCrmEventHandler, type ProcessCrmEventHandlerParts } from '../handlers/process-crm-event-handler.ts';
import { QuarantineBodyHandler } from '../handlers/quarantine-body-handler.ts';
import { processCrmEventValidators } from '../validation/process-crm-event-validators.ts';
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

export interface CommandPipelineParts {
  readonly store: EventStore & RecordStore;
  readonly providers: ReadonlyMap<string, Pick<CrmProvider, 'translate'>>;
  readonly definitionFor: ProcessCrmEventHandlerParts['definitionFor'];
  readonly domain: Pick<ClientDomainService, 'processCrmEvent'>;
  readonly metrics: PipelineMetrics;
  readonly errors: ErrorHandler;
  readonly logger: Pick<Logger, 'error'>;
  /** Called once for each change that a bug parked. */
  readonly onBug: () => void;
  readonly now: () => Date;
  readonly faultPoint: FaultPoint;
}

/** The pipeline with all its stages, and a guarded handler for each kind of command. */
export function commandPipeline(parts: CommandPipelineParts): EventProcessingPipeline {
  const { store, metrics, errors, logger, onBug, faultPoint } = parts;
  const failures = new CommandFailures(errors, new BugReport(logger, onBug));
  return new EventProcessingPipeline(
    [
      new ValidateStage(handlers(parts)),
      new MapIdentityStage(store),
      new LoadStage(store),
      new RulesStage(failures),
      new DecideStage(failures),
      new AppendStage(store, faultPoint),
    ],
    metrics,
  );
}

function handlers({ providers, definitionFor, domain, now }: CommandPipelineParts): Handlers {
  const translator = new ChangeTranslator(providers);
  const rules = [
    anUnmappedEntityIsIgnored(definitionFor),
    whatTheProviderCannotTranslateIsParked(translator),
    aClockADayAheadIsParked(now),
  ];
  return {
    ProcessCrmEvent: validationMiddleware(
      processCrmEventValidators([...providers.keys()]),
      new ProcessCrmEventHandler({ translator, rules, definitionFor, domain }),
    ),
    QuarantineBody: validationMiddleware([], new QuarantineBodyHandler()),
  };
}
