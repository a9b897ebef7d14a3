export * from './namespace.ts';
export * from './log.ts';
export * from './ledger.ts';
export * from './lanes.ts';
export * from './snapshots.ts';
export * from './reads.ts';
export * from './plans.ts';
