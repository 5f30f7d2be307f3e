import { array, assert, boolean, constantFrom, integer, oneof, property, record } from 'fast-check';
import type { AllocationEvent } from './engine.ts';
import { AllocationEngine } from './engine.ts';
import type { GroupView, Labels } from './group.ts';
import type { ServiceView } from './service.ts';
import { groupView, written } from './test-cluster.ts';
import type { Step } from './test-history.ts';
import { reference, runs, step, wished } from './test-history.ts';
import type { Held } from './test-reference.ts';

/** What happens between the cluster and an allocator that watches it. */
type Happening =
  | { readonly type: 'cluster'; readonly step: Step }
  /** The watch brings something of one object: the next change, or the newest and none of those before it. */
  | { readonly type: 'watch'; readonly object: number; readonly skips: boolean }
  /** What was brought last is brought again. */
  | { readonly type: 'repeat'; readonly object: number }
  /** The allocator writes a verdict; refused if it has not seen the newest version. */
  | { readonly type: 'write'; readonly service: number }
  | { readonly type: 'crash' };

const happening = oneof(
  { weight: 8, arbitrary: step.map((one) => ({ type: 'cluster' as const, step: one })) },
  {
    weight: 10,
    arbitrary: record({ type: constantFrom('watch' as const), object: integer({ min: 0, max: 20 }), skips: boolean() }),
  },
  { weight: 3, arbitrary: record({ type: constantFrom('repeat' as const), object: integer({ min: 0, max: 20 }) }) },
  { weight: 6, arbitrary: record({ type: constantFrom('write' as const), service: integer({ min: 0, max: 8 }) }) },
  { weight: 1, arbitrary: record({ type: constantFrom('crash' as const) }) },
);

/** Changes of one object that the watch has not brought yet, and the one it brought last. */
interface Channel {
  pending: AllocationEvent[];
  last: AllocationEvent | undefined;
}

/** An API server, and an allocator behind a watch that orders nothing but the changes of one object. */
class WatchedCluster {
  readonly services = new Map<string, ServiceView>();
  readonly groups = new Map<string, GroupView>();
  readonly namespaces = new Map<string, Labels>([['default', {}]]);
  readonly #channels = new Map<string, Channel>();
  #engine = new AllocationEngine({ groups: [], services: [], namespaces: [['default', {}]] });
  #version = 0;
  #created = 0;

  take(what: Happening): void {
    switch (what.type) {
      case 'cluster':
        this.#change(what.step);
        break;
      case 'watch':
        this.#bring(this.#channelAt(what.object), what.skips);
        break;
      case 'repeat': {
        const last = this.#channelAt(what.object)?.last;
        if (last !== undefined) {
          this.#engine.apply(last);
        }
        break;
      }
      case 'write': {
        const key = [...this.services.keys()][what.service];
        if (key !== undefined) {
          this.#write(key);
        }
        break;
      }
      case 'crash':
        this.#channels.clear();
        this.#engine = new AllocationEngine({
          groups: this.groups.values(),
          services: this.services.values(),
          namespaces: this.namespaces,
        });
        break;
    }
  }

  /** Everything is brought, in an order that the numbers give, and everything is written. */
  settle(order: readonly number[]): void {
    const pick = (index: number): number => order[index % Math.max(1, order.length)] ?? 0;
    for (let round = 0; this.#open().length > 0; round += 1) {
      const open = this.#open();
      this.#bring(open[pick(round) % open.length], false);
    }
    for (const key of this.services.keys()) {
      this.#write(key);
    }
  }

  /** What is wrong with what is written, and with what the allocator believes; empty when nothing is. */
  faults(): string[] {
    const { services, groups, namespaces } = this;
    const held = new Map<string, Held>();
    const unwritten: string[] = [];
    for (const view of services.values()) {
      const verdict = this.#engine.verdict(view.key);
      if (verdict?.kind === 'allocated') {
        const { addresses, group, refusal } = verdict;
        held.set(view.key, { addresses, group, refused: refusal !== undefined });
        if (view.observed.addresses.join() !== addresses.join()) {
          unwritten.push(`${view.key} says ${view.observed.addresses.join()} and is to say ${addresses.join()}`);
        }
      }
    }
    const state = { services, groups, namespaces, held };
    const miscounted = [...groups.keys()].filter((name) => {
      const status = this.#engine.groupStatus(name);
      const { allocated, available } = reference.counts(name, state);
      return (
        [status?.allocatedIPv4, status?.availableIPv4, status?.allocatedIPv6, status?.availableIPv6].join() !==
        [allocated.IPv4, available.IPv4, allocated.IPv6, available.IPv6].join()
      );
    });
    return [...reference.faults(state), ...unwritten, ...miscounted.map((name) => `${name} counts wrongly`)];
  }

  #open(): Channel[] {
    return [...this.#channels.values()].filter(({ pending }) => pending.length > 0);
  }

  #channelAt(index: number): Channel | undefined {
    const channels = [...this.#channels.values()];
    return channels[index % Math.max(1, channels.length)];
  }

  #bring(channel: Channel | undefined, skips: boolean): void {
    const event = skips ? channel?.pending.at(-1) : channel?.pending[0];
    if (channel !== undefined && event !== undefined) {
      channel.pending = skips ? [] : channel.pending.slice(1);
      channel.last = event;
      // As the allocator does, which knows versions: what it wrote itself it has seen.
      if (event.type !== 'service-upserted' || !this.#hasSeen(event.service)) {
        this.#engine.apply(event);
      }
    }
  }

  #hasSeen({ key, uid, resourceVersion }: ServiceView): boolean {
    const known = this.#engine.view(key);
    return known?.uid === uid && Number(known.resourceVersion) >= Number(resourceVersion);
  }

  #tell(object: string, event: AllocationEvent): void {
    const channel = this.#channels.get(object) ?? { pending: [], last: undefined };
    channel.pending.push(event);
    this.#channels.set(object, channel);
  }

  #store(view: ServiceView): ServiceView {
    this.#version += 1;
    const service = { ...view, resourceVersion: String(this.#version) };
    this.services.set(service.key, service);
    this.#tell(service.key, { type: 'service-upserted', service });
    return service;
  }

  #change(one: Step): void {
    switch (one.type) {
      case 'put':
      case 'replace': {
        const known = one.type === 'put' ? this.services.get(one.name) : undefined;
        this.#created += 1;
        const identity = known ?? {
          uid: `uid-${one.name}-${this.#created}`,
          createdAt: one.createdAt,
          observed: { addresses: [], wellFormed: true },
        };
        this.#store(wished(one.name, one.wish, identity));
        break;
      }
      case 'delete':
        if (this.services.delete(one.name)) {
          this.#tell(one.name, { type: 'service-deleted', key: one.name });
        }
        break;
      case 'group': {
        if (one.input === undefined) {
          this.groups.delete(one.name);
          this.#tell(`group ${one.name}`, { type: 'group-deleted', name: one.name });
          break;
        }
        const group = groupView(one.name, one.input);
        this.groups.set(one.name, group);
        this.#tell(`group ${one.name}`, { type: 'group-upserted', group });
        break;
      }
      case 'namespace':
        if (one.labels === undefined) {
          this.namespaces.delete(one.name);
          this.#tell(`namespace ${one.name}`, { type: 'namespace-deleted', name: one.name });
        } else {
          this.namespaces.set(one.name, one.labels);
          this.#tell(`namespace ${one.name}`, { type: 'namespace-upserted', name: one.name, labels: one.labels });
        }
        break;
      case 'repeat':
      case 'restart':
      case 'tamper':
        break;
    }
  }

  #write(key: string): void {
    const verdict = this.#engine.verdict(key);
    const seen = this.#engine.view(key);
    const current = this.services.get(key);
    const isNewest = seen?.uid === current?.uid && seen?.resourceVersion === current?.resourceVersion;
    if (verdict !== undefined && current !== undefined && isNewest) {
      const service = this.#store(written(current, verdict));
      this.#engine.apply({ type: 'service-upserted', service });
    }
  }
}

describe('whatever the watch does', () => {
  it('when all has been brought and written, all is as it should be', () => {
    assert(
      property(array(happening, { maxLength: 60 }), array(integer({ min: 0, max: 99 })), (history, order) => {
        const cluster = new WatchedCluster();
        for (const one of history) {
          cluster.take(one);
        }
        cluster.settle(order);
        expect(cluster.faults()).toEqual([]);
      }),
      runs(1_500),
    );
  });
});
