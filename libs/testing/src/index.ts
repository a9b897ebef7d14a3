export * from './probes/index.ts';
export * from './servers/index.ts';
