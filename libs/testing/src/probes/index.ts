export * from './eventually.ts';
