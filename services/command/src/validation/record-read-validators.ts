import type { RecordRead } from '@clientele/contracts';
import { brokenRules, providerRules } from '@clientele/domain';
import type { Validator } from './validator.ts';

const aReadingBeginsBeforeItEnds: Validator<RecordRead> = {
  name: 'a reading begins before it ends',
  validate({ read }, result) {
    if (Date.parse(read.from) > Date.parse(read.until)) result.addError('read.from', 'range', 'must not be after read.until');
    if (Date.parse(read.from) < 0) result.addError('read.from', 'range', 'must be 1970 or later');
  },
};

const onlyWhatIsDeletedHasASurvivor: Validator<RecordRead> = {
  name: 'only what is deleted has a survivor',
  validate({ result: found, survivor_id: survivorId, external_id: externalId }, result) {
    if (survivorId === null) return;
    if (found !== 'deleted') result.addError('survivor_id', 'survivor', 'a record that was found was not merged into another');
    if (survivorId === externalId) result.addError('survivor_id', 'survivor', 'a record was not merged into itself');
  },
};

/** What must hold of a reading before anything is decided about it. */
export function recordReadValidators(supported: readonly string[]): readonly Validator<RecordRead>[] {
  const providerIsSupported: Validator<RecordRead> = {
    name: 'provider is supported',
    validate({ provider }, result) {
      for (const { path, code, message } of brokenRules(providerRules, { provider, supported })) result.addError(path, code, message);
    },
  };
  return [providerIsSupported, aReadingBeginsBeforeItEnds, onlyWhatIsDeletedHasASurvivor];
}
