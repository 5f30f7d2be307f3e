import { interfacePattern, selectsInterface } from './interface-selector.ts';

const uplink = { name: 'eth0', defaultFor: ['IPv4'] };
const storage = { name: 'eth1', defaultFor: [] };

test.each([
  ['default', uplink, true],
  ['default', storage, false],
  ['eth1', storage, true],
  ['eth', storage, false],
  ['/^eth/', storage, true],
  ['/^bond/', uplink, false],
  ['/(/', uplink, false],
])('%s selects %o: %s', (selector, candidate, selected) => {
  expect(selectsInterface(selector, candidate)).toBe(selected);
});

test('a regular expression that does not compile is told apart from a name', () => {
  expect(interfacePattern('/(/')).toBe('invalid');
  expect(interfacePattern('eth0')).toBeUndefined();
});
