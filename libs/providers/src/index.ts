export * from './provider.ts';
export * from './create-provider.ts';
