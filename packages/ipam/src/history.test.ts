import { array, assert, property } from 'fast-check';
import { Cluster } from './test-cluster.ts';
import type { Step } from './test-history.ts';
import { reference, runs, stateOf, step, take } from './test-history.ts';
import type { ReferenceState } from './test-reference.ts';
import { familyOf } from './test-reference.ts';

const HISTORY = array(step, { maxLength: 30 });

function newCluster(): Cluster {
  return new Cluster({ x: { ranges: ['192.0.2.1-192.0.2.2', '2001:db8::1-2001:db8::2'] } });
}

function expectTrueCounts(cluster: Cluster, state: ReferenceState): void {
  for (const name of cluster.groups.keys()) {
    const { allocated, available } = reference.counts(name, state);
    expect([name, cluster.engine.groupStatus(name)]).toMatchObject([
      name,
      {
        allocatedIPv4: String(allocated.IPv4),
        availableIPv4: String(available.IPv4),
        allocatedIPv6: String(allocated.IPv6),
        availableIPv6: String(available.IPv6),
      },
    ]);
  }
}

/** Addresses that a Service lost, or has no more, though it still has the family, and why that is wrong; empty if it is not. */
function wrongMoves(before: ReferenceState, after: ReferenceState, subject: string | undefined): string[] {
  return [...before.services].flatMap(([key, viewBefore]) => {
    const view = after.services.get(key);
    const held = before.held.get(key);
    if (view === undefined || held === undefined || view.uid !== viewBefore.uid || view.role === 'leaving') {
      return [];
    }
    const now = after.held.get(key) ?? { addresses: [], group: undefined, refused: true };
    const lost = held.addresses.filter(
      (address) => view.families.includes(familyOf(address)) && !now.addresses.includes(address),
    );
    // It asked for something else, and has that now.
    const wanted = key === subject || reference.wantsElse(viewBefore, held);
    const isMet = wanted && !now.refused;
    return lost
      .filter((address) => !isMet && !reference.lostToOlder(view, address, after))
      .map((address) => `${key} lost ${address}, and nothing asked for that`);
  });
}

/** What stays the same when another process takes over. */
function lasting(cluster: Cluster): unknown[] {
  return [...cluster.services.keys()].map((key) => {
    const verdict = cluster.engine.verdict(key);
    return verdict?.kind !== 'allocated'
      ? [key, verdict]
      : [key, verdict.addresses, verdict.group, verdict.orphaned, verdict.refusal];
  });
}

function subjectOf(current: Step): string | undefined {
  return 'name' in current ? current.name : undefined;
}

/** Who has been edited by hand has lost what he had in the eyes of everybody. */
function withoutTampered(state: ReferenceState, current: Step): ReferenceState {
  if (current.type !== 'tamper') {
    return state;
  }
  const edited = new Set(current.edits.map(({ name }) => name));
  return { ...state, held: new Map([...state.held].filter(([key]) => !edited.has(key))) };
}

describe('in any history', () => {
  it('an address is given twice only to be shared, counts are true, nobody waits beside what he could use, and refusals are said', () => {
    assert(
      property(HISTORY, (history) => {
        const cluster = newCluster();
        for (const one of history) {
          take(cluster, one);
          const state = stateOf(cluster);
          expect(reference.faults(state)).toEqual([]);
          expectTrueCounts(cluster, state);
          expect(cluster.engine.sizes.services).toBe(cluster.services.size);
        }
      }),
      runs(1_500),
    );
  });

  it('nobody loses an address unless he asked for another and has it, or an older one has it with whom he cannot share', () => {
    assert(
      property(HISTORY, (history) => {
        const cluster = newCluster();
        for (const one of history) {
          const before = withoutTampered(stateOf(cluster), one);
          take(cluster, one);
          expect(wrongMoves(before, stateOf(cluster), subjectOf(one))).toEqual([]);
        }
      }),
      runs(1_500),
    );
  });

  it('a restart at any moment changes nothing', () => {
    assert(
      property(HISTORY, (history) => {
        const cluster = newCluster();
        for (const one of history) {
          take(cluster, one);
          const next = cluster.successor();
          expect(lasting(next)).toEqual(lasting(cluster));
        }
      }),
      runs(1_000),
    );
  });

  it('who hears all effects knows all verdicts, and a repeated event changes nothing', () => {
    assert(
      property(HISTORY, (history) => {
        const cluster = newCluster();
        for (const one of history) {
          take(cluster, one);
          for (const key of cluster.services.keys()) {
            const verdict = cluster.engine.verdict(key);
            expect([key, verdict]).toEqual([key, verdict === undefined ? undefined : cluster.heard.get(key)]);
          }
          const before = lasting(cluster);
          for (const view of cluster.services.values()) {
            cluster.set(view);
          }
          for (const group of cluster.groups.values()) {
            cluster.apply({ type: 'group-upserted', group });
          }
          expect(lasting(cluster)).toEqual(before);
        }
      }),
      runs(1_000),
    );
  });

  it('of those who could have used what became free, none that stays empty-handed is older', () => {
    assert(
      property(HISTORY, (history) => {
        const cluster = newCluster();
        for (const one of history) {
          const before = stateOf(cluster);
          take(cluster, one);
          if (one.type === 'delete') {
            expect(overtaken(before, stateOf(cluster))).toEqual([]);
          }
        }
      }),
      runs(1_500),
    );
  });

  it('equal histories end equally', () => {
    assert(
      property(HISTORY, (history) => {
        const outcomes = [0, 1].map(() => {
          const cluster = newCluster();
          for (const one of history) {
            take(cluster, one);
          }
          return lasting(cluster);
        });
        expect(outcomes[0]).toEqual(outcomes[1]);
      }),
      runs(300),
    );
  });
});

/** Who got something although an older one could have used it. Sharers make room for others, and are left out. */
function overtaken(before: ReferenceState, after: ReferenceState): string[] {
  const got = [...after.held].filter(
    ([key, { addresses }]) => addresses.length > (before.held.get(key)?.addresses.length ?? 0),
  );
  const moved = [...after.held].some(([key, { addresses }]) =>
    before.held.get(key)?.addresses.some((address) => !addresses.includes(address)),
  );
  return moved
    ? []
    : got.flatMap(([key]) => {
        const view = after.services.get(key);
        const without: ReferenceState = {
          ...after,
          held: new Map([
            ...after.held,
            [key, before.held.get(key) ?? { addresses: [], group: undefined, refused: true }],
          ]),
        };
        return [...after.services.values()]
          .filter(
            (other) =>
              view !== undefined &&
              other.key !== key &&
              (other.sharingKey ?? '') === '' &&
              (other.createdAt < view.createdAt || (other.createdAt === view.createdAt && other.uid < view.uid)) &&
              reference.couldGet(other, without) !== undefined,
          )
          .map((other) => `${key} got something that ${other.key} could have used, which is older`);
      });
}
