import type { Pool, ServiceGroupSpec } from '@fairlead/api';
import type { AllocationEvent, Effects } from './engine.ts';
import { AllocationEngine } from './engine.ts';
import type { GroupView, Labels } from './group.ts';
import type { ServiceView } from './service.ts';
import { conditionText } from './verdict.ts';
import type { Verdict } from './verdict.ts';

/** What a test says of a ServiceGroup; ranges stand for pools with nothing else. */
export interface GroupInput {
  readonly ranges?: readonly string[];
  readonly pools?: readonly (Partial<Pool> & { readonly range: string })[];
  readonly assign?: Partial<ServiceGroupSpec['assign']>;
  readonly draining?: boolean;
  readonly createdAt?: number;
}

export function groupView(name: string, input: GroupInput): GroupView {
  const pools = [...(input.ranges ?? []).map((range) => ({ range })), ...(input.pools ?? [])];
  return {
    name,
    uid: `group-${name}`,
    createdAt: input.createdAt ?? 0,
    spec: {
      pools: pools.map((pool) => Object.assign({ avoidBuggyIPs: false }, pool)),
      assign: { auto: true, priority: 0, sharing: 'Cluster', ...input.assign },
      draining: input.draining ?? false,
      announce: { mode: 'Auto', takeBack: 'Never', onConflict: 'Defend', takeOver: 'WhenSilent' },
    },
  };
}

/** A Service of ours called `default/NAME`; single-stack IPv4 unless said otherwise. */
export function serviceView(name: string, input: Partial<Omit<ServiceView, 'name'>> = {}): ServiceView {
  const namespace = input.namespace ?? 'default';
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    uid: `uid-${namespace}-${name}`,
    resourceVersion: '1',
    createdAt: 0,
    role: 'ours',
    families: ['IPv4'],
    policy: 'SingleStack',
    ports: ['TCP/80'],
    externalTrafficPolicy: 'Cluster',
    selector: '{}',
    labels: {},
    reallocate: false,
    observed: { addresses: [], wellFormed: true },
    ...input,
  };
}

export const DUAL = { families: ['IPv4', 'IPv6'], policy: 'RequireDualStack' } as const;
export const PREFER_DUAL = { families: ['IPv4', 'IPv6'], policy: 'PreferDualStack' } as const;

/** An engine that writes its verdicts into the Services at once, as if each write succeeded. */
export class Cluster {
  readonly groups = new Map<string, GroupView>();
  readonly services = new Map<string, ServiceView>();
  readonly namespaces = new Map<string, Labels>([['default', {}]]);
  engine: AllocationEngine;
  /** Verdicts of the last event. */
  said = new Map<string, Verdict>();
  /** The newest verdict about each Service that there is, as one knows it who hears effects and asks nothing. */
  readonly heard = new Map<string, Verdict>();

  constructor(groups: Readonly<Record<string, GroupInput>> = {}) {
    for (const [name, input] of Object.entries(groups)) {
      this.groups.set(name, groupView(name, input));
    }
    this.engine = this.#newEngine();
  }

  /** Creates or edits a Service: what is not given stays as it was. */
  put(name: string, input: Partial<Omit<ServiceView, 'name'>> = {}): void {
    const key = `${input.namespace ?? 'default'}/${name}`;
    const known = this.services.get(key);
    const view = known === undefined ? serviceView(name, input) : { ...known, ...input };
    this.services.set(key, view);
    this.apply({ type: 'service-upserted', service: view });
  }

  /** The Service is now this, all of it. */
  set(service: ServiceView): void {
    this.services.set(service.key, service);
    this.apply({ type: 'service-upserted', service });
  }

  delete(name: string): void {
    const key = name.includes('/') ? name : `default/${name}`;
    this.services.delete(key);
    this.heard.delete(key);
    this.apply({ type: 'service-deleted', key });
  }

  group(name: string, input: GroupInput | undefined): void {
    if (input === undefined) {
      this.groups.delete(name);
      this.apply({ type: 'group-deleted', name });
      return;
    }
    const group = groupView(name, input);
    this.groups.set(name, group);
    this.apply({ type: 'group-upserted', group });
  }

  namespace(name: string, labels: Labels | undefined): void {
    if (labels === undefined) {
      this.namespaces.delete(name);
      this.apply({ type: 'namespace-deleted', name });
      return;
    }
    this.namespaces.set(name, labels);
    this.apply({ type: 'namespace-upserted', name, labels });
  }

  apply(event: AllocationEvent): void {
    this.#write(this.engine.apply(event));
  }

  /** Another process starts from what the cluster says. */
  restart(): void {
    this.engine = this.#newEngine();
    this.heard.clear();
    this.#write(this.engine.start());
  }

  /** The cluster as it would be if another process took over now; this one goes on. */
  successor(): Cluster {
    const next = new Cluster();
    for (const [name, group] of this.groups) {
      next.groups.set(name, group);
    }
    for (const [key, view] of this.services) {
      next.services.set(key, view);
    }
    next.namespaces.clear();
    for (const [name, labels] of this.namespaces) {
      next.namespaces.set(name, labels);
    }
    next.restart();
    return next;
  }

  addresses(name: string): readonly string[] {
    const verdict = this.#allocated(name);
    return verdict?.addresses ?? [];
  }

  groupOf(name: string): string | undefined {
    return this.#allocated(name)?.group;
  }

  token(name: string): string | undefined {
    return this.#allocated(name)?.refusal?.token;
  }

  sentence(name: string): string | undefined {
    return this.#allocated(name)?.refusal?.sentence;
  }

  #allocated(name: string): Extract<Verdict, { kind: 'allocated' }> | undefined {
    const verdict = this.engine.verdict(name.includes('/') ? name : `default/${name}`);
    return verdict?.kind === 'allocated' ? verdict : undefined;
  }

  #newEngine(): AllocationEngine {
    return new AllocationEngine({
      groups: this.groups.values(),
      services: this.services.values(),
      namespaces: this.namespaces,
    });
  }

  #write({ services }: Effects): void {
    this.said = new Map();
    for (const { key, verdict } of services) {
      this.said.set(key, verdict);
      this.heard.set(key, verdict);
      const view = this.services.get(key);
      if (view !== undefined) {
        this.services.set(key, written(view, verdict));
      }
    }
  }
}

/** The Service as it is once the verdict has been written; its own event follows later, if at all. */
export function written(view: ServiceView, verdict: Verdict): ServiceView {
  if (verdict.kind === 'cleared') {
    return { ...view, observed: { addresses: [], wellFormed: true } };
  }
  const { addresses, group } = verdict;
  return {
    ...view,
    reallocate: view.reallocate && !verdict.moved,
    observed: {
      addresses,
      wellFormed: true,
      condition: conditionText(verdict),
      ...(group === undefined ? {} : { allocatedFrom: group }),
    },
  };
}
