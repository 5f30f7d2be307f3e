import { FewMembers, PerFamily } from './small.ts';

describe('a set of few', () => {
  it('is a set, with none, one and many members', () => {
    const set = new FewMembers<string>();
    const state = () => [set.size, [...set].toSorted()];
    expect([state(), set.any]).toEqual([[0, []], undefined]);
    set.add('a');
    set.add('a');
    expect([state(), set.any]).toEqual([[1, ['a']], 'a']);
    set.add('b');
    set.add('c');
    expect(state()).toEqual([3, ['a', 'b', 'c']]);
    set.delete('a');
    set.delete('stranger');
    expect(state()).toEqual([2, ['b', 'c']]);
    expect([set.has('a'), set.has('b'), [...set].includes(set.any ?? '')]).toEqual([false, true, true]);
    set.delete('b');
    set.delete('c');
    expect([state(), set.any]).toEqual([[0, []], undefined]);
    set.add('d');
    expect([state(), set.any]).toEqual([[1, ['d']], 'd']);
  });
});

describe('one a family', () => {
  it('keeps the families apart', () => {
    const map = new PerFamily<number>();
    map.set('IPv6', 6);
    expect([map.size, map.has('IPv4'), map.get('IPv6'), map.values()]).toEqual([1, false, 6, [6]]);
    map.set('IPv4', 4);
    map.delete('IPv6');
    expect([map.size, map.values()]).toEqual([1, [4]]);
  });
});
