export * from './election/types.ts';
export { LocalHolder } from './lan/local-holder.ts';
export type { LocalHolderOptions } from './lan/local-holder.ts';
