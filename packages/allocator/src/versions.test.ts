import { isOlder } from './versions.ts';

it('versions are compared as numbers of any length, and what is no number is never older', () => {
  expect([isOlder('9', '10'), isOlder('10', '9'), isOlder('10', '10')]).toEqual([true, false, false]);
  expect(isOlder('18446744073709551615', '18446744073709551616')).toBe(true);
  expect([isOlder('', '1'), isOlder('x', '1')]).toEqual([false, false]);
});
