export * from './provider.ts';
export * from './create-provider.ts';
export * from './external-ids.ts';
export type * from './records/record-source.ts';
export * from './records/provider-error.ts';
export type { Runtime } from './records/runtime.ts';
export type { BreakerState } from './http/circuit-breaker.ts';
