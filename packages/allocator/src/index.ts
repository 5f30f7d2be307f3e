export { Allocator, type AllocatorOptions } from './allocator.ts';
