import { array, assert, boolean, integer, property, record, stringMatching } from 'fast-check';
import type { Aged } from './age.ts';
import { AgeLine, compareAge } from './age.ts';

describe('a waiting line', () => {
  it('always has the oldest in front, whoever joins and leaves', () => {
    const steps = array(
      record({
        createdAt: integer({ min: 0, max: 9 }),
        uid: stringMatching(/^[ab]{1,3}$/),
        leave: boolean(),
      }),
    );
    assert(
      property(steps, (history) => {
        const line = new AgeLine<Aged>((member) => member);
        const members = new Map<string, Aged>();
        for (const { createdAt, uid, leave } of history) {
          const known = members.get(uid);
          if (leave && known !== undefined) {
            members.delete(uid);
            line.remove(known);
          } else if (known === undefined) {
            const member = { createdAt, uid };
            members.set(uid, member);
            line.add(member);
          }
          const expected = [...members.values()].sort(compareAge);
          expect(line.first).toBe(expected[0]);
          expect(line.size).toBe(expected.length);
        }
        const leaving: Aged[] = [];
        for (let front = line.first; front !== undefined; front = line.first) {
          leaving.push(front);
          line.remove(front);
        }
        expect(leaving).toEqual([...members.values()].sort(compareAge));
      }),
      { numRuns: 200 },
    );
  });

  it('takes a member once and is not disturbed by the leaving of a stranger', () => {
    const line = new AgeLine<Aged>((member) => member);
    const member = { createdAt: 1, uid: 'a' };
    line.add(member);
    line.add(member);
    line.remove({ createdAt: 0, uid: 'stranger' });
    expect(line.size).toBe(1);
    line.remove(member);
    expect(line.first).toBeUndefined();
  });
});
