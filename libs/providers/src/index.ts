export * from './provider.ts';
export * from './create-provider.ts';
export * from './external-ids.ts';
