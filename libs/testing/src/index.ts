export * from './contract-suites/index.ts';
export * from './probes/index.ts';
export * from './servers/index.ts';
export * from './simulator/index.ts';
