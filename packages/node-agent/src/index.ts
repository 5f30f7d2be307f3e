export { LocalAddresses } from './apply/local-addresses.ts';
export type { LocalAddressesOptions } from './apply/local-addresses.ts';
export { SecretWatch } from './cluster/secret-watch.ts';
export type { SecretReading, SecretWatchOptions } from './cluster/secret-watch.ts';
export * from './election/types.ts';
export { KernelState } from './facts/kernel-state.ts';
export { LocalHolder } from './lan/local-holder.ts';
export type { LocalHolderOptions } from './lan/local-holder.ts';
