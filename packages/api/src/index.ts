export * from './address.ts';
export * from './names.ts';
