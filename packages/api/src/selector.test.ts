import { matchesSelector, selectForNode } from './selector.ts';

const LABELS = { zone: 'a', disk: 'ssd' };

describe('a label selector', () => {
  it('selects everything when absent or empty', () => {
    expect(matchesSelector(undefined, LABELS)).toBe(true);
    expect(matchesSelector({}, undefined)).toBe(true);
  });

  it.each([
    [{ matchLabels: { zone: 'a' } }, true],
    [{ matchLabels: { zone: 'a', disk: 'hdd' } }, false],
    [{ matchLabels: { toString: 'x' } }, false],
    [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] }, true],
    [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] }, false],
    [{ matchExpressions: [{ key: 'rack', operator: 'In', values: ['1'] }] }, false],
    [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, false],
    [{ matchExpressions: [{ key: 'rack', operator: 'NotIn', values: ['1'] }] }, true],
    [{ matchExpressions: [{ key: 'zone', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, false],
    [{ matchExpressions: [{ key: 'zone', operator: 'DoesNotExist' }] }, false],
    [{ matchExpressions: [{ key: 'rack', operator: 'DoesNotExist' }] }, true],
    [{ matchLabels: { zone: 'a' }, matchExpressions: [{ key: 'disk', operator: 'DoesNotExist' }] }, false],
  ] as const)('%j: %s', (selector, selected) => {
    expect(matchesSelector(selector, LABELS)).toBe(selected);
  });
});

describe('the settings of a node', () => {
  const everywhere = { metadata: { name: 'a-everywhere' }, spec: {} };
  const zone = { metadata: { name: 'z-zone' }, spec: { nodeSelector: { matchLabels: { zone: 'a' } } } };
  const disk = { metadata: { name: 'm-disk' }, spec: { nodeSelector: { matchLabels: { disk: 'ssd' } } } };
  const other = { metadata: { name: 'b-other' }, spec: { nodeSelector: { matchLabels: { zone: 'b' } } } };

  it('are the most specific that select it', () => {
    expect(selectForNode([everywhere, zone, other], LABELS)).toBe(zone);
  });

  it('are the first by name among equally specific ones, whatever their order', () => {
    expect(selectForNode([zone, disk], LABELS)).toBe(disk);
    expect(selectForNode([disk, zone], LABELS)).toBe(disk);
  });

  it('are none where none select it', () => {
    expect(selectForNode([other], LABELS)).toBeUndefined();
  });
});
