import t from 'tap';
import { ConcurrencyError, NewerSchemaError, UnavailableError, ValidationError, type ProcessCrmEvent } from '@clientele/contracts';
import { EventSequenceError, initialRecord } from '@clientele/domain';
import { ErrorHandler } from '../src/errors/error-handler.ts';
import { MovedLaneError } from '../src/errors/moved-lane-error.ts';
import { StaleLaneError } from '../src/errors/stale-lane-error.ts';
import { TooManyBugsError } from '../src/errors/too-many-bugs-error.ts';
import { settle, type CommandHandler } from '../src/handlers/command-handler.ts';
import { processCrmEventValidators } from '../src/validation/process-crm-event-validators.ts';
import { validationMiddleware } from '../src/validation/validation-middleware.ts';
import { ValidationResult } from '../src/validation/validation-result.ts';
import { validate } from '../src/validation/validator.ts';
import { change } from './support/commands.ts';

const validators = processCrmEventValidators(['salesforce', 'hubspot']);
const codes = (command: ProcessCrmEvent) => validate(command, validators).errors.map(({ path, code }) => `${path} ${code}`);
const withEvent = (event: Partial<ProcessCrmEvent['event']>): ProcessCrmEvent => {
  const command = change();
  return { ...command, event: { ...command.event, ...event } };
};

t.test('a result holds every error', async (t) => {
  const result = new ValidationResult();
  t.ok(result.isValid);
  result.addError('a', 'one', 'first').addError('b', 'two', 'second');
  t.notOk(result.isValid);
  t.same(result.errors, [{ path: 'a', code: 'one', message: 'first' }, { path: 'b', code: 'two', message: 'second' }]);
});

t.test('each validator has a name, and finds its own mistake', async (t) => {
  t.equal(new Set(validators.map(({ name }) => name)).size, validators.length);
  t.same(codes(change()), []);
  t.same(codes(withEvent({ id: '20250101-other' })), ['event.id id_mismatch']);
  t.same(codes(withEvent({ provider: 'hubspot' })), ['event.provider provider_mismatch']);
  const { external_id: _record, ...nameless } = change().event;
  t.same(codes({ ...change(), commandId: nameless.id, event: nameless }), ['event.external_id required']);
  const { event_type: _type, ...typeless } = change().event;
  t.same(codes({ ...change(), commandId: typeless.id, event: typeless }), ['event.event_type required']);
  const gap = change({ kind: 'entity_gap' }).event;
  const { external_id: _none, event_type: _neither, ...entityGap } = gap;
  t.same(codes({ ...change(), commandId: gap.id, event: entityGap }), [], 'a gap of an entity names no record');
  const stranger = codes({ ...change(), provider: 'other' });
  t.same(stranger.slice(0, 2), ['provider provider_unsupported', 'event.provider provider_mismatch'], 'all of it is asked');
});

t.test('no handler is reached without validation', async (t) => {
  let handled = 0;
  const handler: CommandHandler<ProcessCrmEvent> = {
    keyOf: () => null,
    ruleOn: () => null,
    handle: () => {
      handled += 1;
      return { settlement: settle('superseded'), append: null };
    },
  };
  const admit = validationMiddleware(validators, handler);
  const refused = admit(withEvent({ provider: 'hubspot' }));
  t.match(refused, { isValid: false, errors: [{ code: 'provider_mismatch' }] });
  t.notOk('handle' in refused);
  const admitted = admit(change());
  t.equal(handled, 0, 'validation alone calls nothing');
  if (admitted.isValid) t.equal(admitted.handle(initialRecord).settlement.outcome, 'superseded');
  t.equal(handled, 1);
});

t.test('every class of failure has its disposition', async (t) => {
  const handler = new ErrorHandler();
  const table: [unknown, object][] = [
    [new ValidationError('no', [{ path: 'a', code: 'b', message: 'c' }]), { kind: 'reject', errors: [{ path: 'a', code: 'b', message: 'c' }] }],
    [new ValidationError('no'), { kind: 'reject', errors: [{ code: 'invalid', message: 'no' }] }],
    [new ConcurrencyError('s', 1, 2), { kind: 'retry' }],
    [new MovedLaneError('commands.0'), { kind: 'retry' }],
    [new UnavailableError('away', 250), { kind: 'hold', reason: 'unavailable', retryAfterMs: 250 }],
    [new NewerSchemaError('newer'), { kind: 'hold', reason: 'newer_schema' }],
    [new TooManyBugsError('commands.0', 51, 1000), { kind: 'hold', reason: 'too_many_bugs' }],
    [new StaleLaneError('commands.0'), { kind: 'hold', reason: 'stale_lane' }],
    [new EventSequenceError([]), { kind: 'park', reason: 'bug' }],
    [new RangeError('a reason holds a NUL character'), { kind: 'park', reason: 'bug' }],
    [new TypeError('undefined is not a function'), { kind: 'park', reason: 'bug', errors: [{ message: 'TypeError: undefined is not a function' }] }],
    ['thrown text', { kind: 'park', reason: 'bug', errors: [{ message: 'thrown text' }] }],
  ];
  for (const [error, disposition] of table) t.match(handler.handleError(error, change()), disposition, String(error));
});
