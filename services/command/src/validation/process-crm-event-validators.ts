import type { ProcessCrmEvent } from '@clientele/contracts';
import { brokenRules, providerRules } from '@clientele/domain';
import type { Validator } from './validator.ts';

type CommandValidator = Validator<ProcessCrmEvent>;

const changeIdIsTheCommandId: CommandValidator = {
  name: 'change id is the command id',
  validate(command, result) {
    if (command.event.id === command.commandId) return;
    result.addError('event.id', 'id_mismatch', 'must be the command id, under which the change is accounted');
  },
};

const providerIsTheSameThroughout: CommandValidator = {
  name: 'provider is the same throughout',
  validate({ provider, event }, result) {
    if (event.provider === provider) return;
    result.addError('event.provider', 'provider_mismatch', `must be ${provider}, the provider of the command`);
  },
};

function providerIsSupported(supported: readonly string[]): CommandValidator {
  return {
    name: 'provider is supported',
    validate({ provider }, result) {
      for (const { path, code, message } of brokenRules(providerRules, { provider, supported })) result.addError(path, code, message);
    },
  };
}

const changeNamesItsRecord: CommandValidator = {
  name: 'a change names its record',
  validate({ event }, result) {
    if (event.metadata.kind === 'change' && event.external_id === undefined) {
      result.addError('event.external_id', 'required', 'a change must name the record that it changes');
    }
  },
};

const changeHasItsType: CommandValidator = {
  name: 'a change has its type',
  validate({ event }, result) {
    const { kind } = event.metadata;
    if ((kind === 'change' || kind === 'gap') && event.event_type === undefined) {
      result.addError('event.event_type', 'required', `a ${kind} must say what happened`);
    }
  },
};

/** What must hold of a change before anything is decided about it; all of it is asked, so that all mistakes show at once. */
export function processCrmEventValidators(supportedProviders: readonly string[]): readonly CommandValidator[] {
  return [
    providerIsSupported(supportedProviders), providerIsTheSameThroughout, changeIdIsTheCommandId, changeNamesItsRecord, changeHasItsType,
  ];
}
