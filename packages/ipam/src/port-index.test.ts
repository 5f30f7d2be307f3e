import { array, assert, constantFrom, integer, property, record, subarray } from 'fast-check';
import { areDisjoint, PortIndex, PortList } from './port-index.ts';

const PORTS = ['TCP/80', 'TCP/443', 'UDP/53', 'TCP/22'];

/** Somebody whose ports come and go. */
class Member {
  readonly number: number;
  ports = new PortList([]);

  constructor(number: number) {
    this.number = number;
  }
}

describe('ports', () => {
  it('are disjoint when they have none in common', () => {
    const [a, b, none] = [['TCP/80', 'TCP/443'], ['UDP/53', 'TCP/443'], []].map((ports) => new PortList(ports));
    expect(a && b && none && [areDisjoint(a, b), areDisjoint(a, none), areDisjoint(none, b)]).toEqual([
      false,
      true,
      true,
    ]);
  });
});

describe('an index by ports', () => {
  const step = record({
    type: constantFrom('add', 'delete', 'change', 'ask'),
    number: integer({ min: 0, max: 5 }),
    ports: subarray(PORTS),
  });

  it('finds those who have none of the ports that are asked for, whoever came, went and changed', () => {
    assert(
      property(array(step, { maxLength: 60 }), (steps) => {
        const index = new PortIndex<Member>();
        const members = new Map<number, Member>();
        for (const { type, number, ports } of steps) {
          const known = members.get(number);
          if (type === 'add' && known === undefined) {
            const member = new Member(number);
            member.ports = new PortList(ports);
            members.set(number, member);
            index.add(member);
          } else if (type === 'delete' && known !== undefined) {
            members.delete(number);
            index.delete(known);
          } else if (type === 'change' && known !== undefined) {
            const before = known.ports;
            known.ports = new PortList(ports);
            index.lose(
              known,
              [...before].filter((port) => !ports.includes(port)),
            );
            index.gain(
              known,
              ports.filter((port) => !before.has(port)),
            );
          } else if (type === 'ask') {
            const expected = [...members.values()].filter((member) => !ports.some((port) => member.ports.has(port)));
            const found = [...index.without(new PortList(ports))].map((member) => member.number);
            expect(found.toSorted((a, b) => a - b)).toEqual(
              expected.map((member) => member.number).toSorted((a, b) => a - b),
            );
          }
          expect(index.size).toBe(members.size);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('looks at no member where all have a port that is asked for, and at few where some lack it', () => {
    let looks = 0;
    class Watched extends PortList {
      override has(port: string): boolean {
        looks += 1;
        return super.has(port);
      }
    }
    const index = new PortIndex<{ readonly ports: PortList }>();
    for (let number = 0; number < 10_000; number += 1) {
      index.add({ ports: new Watched(['TCP/80', `TCP/${10_000 + number}`]) });
    }
    looks = 0;
    expect([...index.without(new PortList(['UDP/53', 'TCP/80']))]).toEqual([]);
    expect(looks).toBe(0);
    const free = { ports: new Watched(['TCP/22']) };
    index.add(free);
    // The first question makes the set of those who lack the port.
    expect([...index.without(new PortList(['TCP/80']))]).toEqual([free]);
    looks = 0;
    expect([...index.without(new PortList(['TCP/80', 'UDP/53']))]).toEqual([free]);
    expect(looks).toBeLessThan(5);
  });
});
