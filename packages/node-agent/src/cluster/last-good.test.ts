import { DEFAULT_NODE_AGENT_SPEC } from '@fairlead/api';
import type { LBNodeAgentSpec } from '@fairlead/api';
import { link } from '../facts/testing.ts';
import { group } from '../plan/testing.ts';
import { LastGood } from './last-good.ts';
import type { LastGoodOptions } from './last-good.ts';

const LINKS = [
  link(1, 'lo'),
  link(2, 'eth0'),
  link(3, 'kube-lb0', { kind: 'dummy' }),
  link(4, 'br0', { kind: 'bridge' }),
];

function lastGood(past?: LastGoodOptions['past']): LastGood {
  return new LastGood({ past, links: () => LINKS });
}

function spec(over: Partial<LBNodeAgentSpec>): LBNodeAgentSpec {
  return { ...DEFAULT_NODE_AGENT_SPEC, ...over };
}

const GOOD = spec({ local: { interfaces: ['eth1'] }, addressLifetime: '1h' });
const BAD = spec({ local: { interfaces: ['eth1', '/eth(/', '/[/'] }, addressLifetime: '2h' });

describe('settings', () => {
  test('that can be used hold, and nothing is wrong', () => {
    const good = lastGood();
    expect(good.settings(GOOD)).toBe(GOOD);
    expect(good.problems).toEqual([]);
  });

  test('that cannot be used leave all of the last ones, in one condition, until they can', () => {
    const good = lastGood();
    good.settings(GOOD);
    expect(good.settings(BAD)).toBe(GOOD);
    expect(good.problems).toEqual([{ type: 'InvalidInterface', message: expect.stringContaining('"/[/"') as string }]);
    expect(good.problems[0]?.message).toContain('the last settings that could be used stay');
    expect(good.settings(DEFAULT_NODE_AGENT_SPEC)).toBe(DEFAULT_NODE_AGENT_SPEC);
    expect(good.problems).toEqual([]);
  });

  test('of a past life are the last ones at first, and without a past the defaults', () => {
    expect(lastGood({ spec: GOOD, groups: [] }).settings(BAD)).toBe(GOOD);
    expect(lastGood().settings(BAD)).toEqual(DEFAULT_NODE_AGENT_SPEC);
  });

  test('are not judged before the links are known', () => {
    const links = LINKS.slice(0, 0);
    const good = new LastGood({ past: undefined, links: () => links });
    expect(good.settings(spec({ dummyInterface: 'eth0' }))).toEqual(DEFAULT_NODE_AGENT_SPEC);
    links.push(...LINKS);
    expect(good.settings(spec({ dummyInterface: 'eth0' }))).toEqual(DEFAULT_NODE_AGENT_SPEC);
    expect(good.problems).toHaveLength(1);
  });

  test.each(['kube-lb0', 'kube-lb7'])('an interface for virtual addresses may be %s', (dummyInterface) => {
    const good = lastGood();
    expect(good.settings(spec({ dummyInterface })).dummyInterface).toBe(dummyInterface);
    expect(good.problems).toEqual([]);
  });

  test.each([
    ['eth0', 'a device'],
    ['br0', 'of kind bridge'],
    ['lo', 'a device'],
  ])('an interface for virtual addresses may not be %s, which others use', (dummyInterface, what) => {
    const good = lastGood();
    expect(good.settings(spec({ dummyInterface })).dummyInterface).toBe('kube-lb0');
    expect(good.problems).toMatchObject([
      { type: 'InvalidDummyInterface', message: expect.stringContaining(`${dummyInterface} is ${what}`) as string },
    ]);
  });
});

describe('interfaces of a group', () => {
  test('that cannot be used leave the last ones, and all else of the group counts', () => {
    const good = lastGood();
    good.group(group('lan', { interfaces: ['eth1'] }));
    const bad = group('lan', { interfaces: ['/(/'], mode: 'Local' });
    expect(good.group(bad)).toMatchObject({ interfaces: ['eth1'], mode: 'Local' });
    expect(good.group(group('lan'))).toMatchObject({ interfaces: undefined });
    expect(good.group(bad)).toMatchObject({ interfaces: undefined });
  });

  test('that never could be used are those that are written: they select nothing', () => {
    const bad = group('lan', { interfaces: ['/(/'] });
    expect(lastGood().group(bad)).toBe(bad);
    expect(lastGood({ spec: GOOD, groups: [group('lan', { interfaces: ['eth7'] })] }).group(bad)).toMatchObject({
      interfaces: ['eth7'],
    });
  });
});
