import { ALLOCATED_REASONS, DEFAULT_LOAD_BALANCER_CLASS, REFUSALS } from '@fairlead/api';
import type { Lease, Service } from '@fairlead/kube';
import { viewOf } from './service-view.ts';
import type { ServiceView } from './service-view.ts';

const EXPLANATIONS: Readonly<Record<string, { readonly meaning: string; readonly cure: string }>> = {
  ...REFUSALS,
  ...ALLOCATED_REASONS,
};

/** Facts behind the answer. */
export interface WhyFacts {
  readonly service: Service;
  readonly holders: ReadonlyMap<string, string>;
  /** The allocator's Lease; undefined where there is none, or it may not be read. */
  readonly allocator: Lease | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Why the allocator has not said anything of the Service. */
function unjudged({ service, allocator, now }: WhyFacts): string {
  const { spec } = service;
  const type = spec?.type ?? 'ClusterIP';
  const loadBalancerClass = spec?.loadBalancerClass;
  if (type !== 'LoadBalancer') {
    return `It is of type ${type}; only Services of type LoadBalancer get an address.`;
  }
  if (loadBalancerClass !== undefined && loadBalancerClass !== DEFAULT_LOAD_BALANCER_CLASS) {
    return `Its class is ${loadBalancerClass}; Fairlead's is ${DEFAULT_LOAD_BALANCER_CLASS}, unless its allocator was told another. A class cannot be changed: make the Service anew.`;
  }
  const { holderIdentity: holder, renewTime, leaseDurationSeconds = 15 } = allocator?.spec ?? {};
  if (holder === undefined || holder === '' || renewTime === undefined) {
    return 'No allocator leads: see whether its Pods run.';
  }
  const age = Math.round((now - Date.parse(renewTime)) / 1000);
  if (age > leaseDurationSeconds) {
    return `The allocator ${holder} has not renewed its Lease for ${age} s: see whether its Pods run.`;
  }
  if (loadBalancerClass === undefined) {
    return `It names no class, so it is Fairlead's only where the allocator runs with --default-class. Make it anew with loadBalancerClass: ${DEFAULT_LOAD_BALANCER_CLASS}.`;
  }
  return `The allocator ${holder} is alive and has not said anything of it yet; its log may say why.`;
}

function announcement({ addresses, holders }: ServiceView): string[] {
  return addresses.map((address, index) => {
    const holder = holders[index];
    return holder === undefined
      ? `${address}: no node claims it, so it is virtual: announced as a route by every node that may.`
      : `${address}: announced by ${holder}.`;
  });
}

/** What `kubectl fairlead why SERVICE` prints. */
export function explain(facts: WhyFacts): string {
  const view = viewOf(facts.service, facts.holders);
  const { judgement, addresses, group } = view;
  const from = group === '' ? '' : `, from ${group}`;
  const title = `${view.namespace}/${view.name}: ${addresses.length === 0 ? 'no address' : `${addresses.join(', ')}${from}`}`;
  if (judgement === undefined) {
    return lines([title, unjudged(facts), ...announcement(view)]);
  }
  const explanation = EXPLANATIONS[judgement.reason];
  return lines([
    title,
    `${judgement.reason}: ${judgement.sentence}`,
    ...(explanation === undefined || judgement.reason === 'Allocated'
      ? []
      : [`This means: ${explanation.meaning}`, `What to do: ${explanation.cure}`]),
    ...announcement(view),
  ]);
}

function lines(parts: readonly string[]): string {
  return `${parts.join('\n')}\n`;
}
