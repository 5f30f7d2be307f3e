import type { Refusal } from '@fairlead/api';
import type { Allocation } from './allocation.ts';
import { listNames, shownName } from './refusal.ts';

/** What is to stand on a Service. */
export type Verdict =
  /** It is ours no more: neither address nor condition nor annotation of ours. */
  | { readonly kind: 'cleared' }
  | {
      readonly kind: 'allocated';
      /** In the order of `spec.ipFamilies`. */
      readonly addresses: readonly string[];
      /** The group they were drawn from. */
      readonly group: string | undefined;
      /** Those of the addresses that no pool has any more. */
      readonly orphaned: readonly string[];
      /** Why it has not all that it asks for. */
      readonly refusal: Refusal | undefined;
      /** The annotation `fairlead.dev/reallocate` has been obeyed and is to go. */
      readonly moved: boolean;
    };

/** Status, reason and message of the condition `fairlead.dev/AddressesAllocated`. */
export interface ConditionText {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

const CLEARED: Verdict = { kind: 'cleared' };

/** The verdict that follows from what a Service has; undefined while nothing can be said. */
export function verdictOf(allocation: Allocation): Verdict | undefined {
  switch (allocation.view.role) {
    case 'leaving':
      return CLEARED;
    case 'foreign':
      return undefined;
    case 'ours':
      break;
  }
  if (allocation.pending && allocation.holds.size === 0 && !saysAnything(allocation)) {
    return undefined;
  }
  const addresses: string[] = [];
  const orphaned: string[] = [];
  for (const family of allocation.view.families) {
    const holding = allocation.holds.get(family);
    if (holding !== undefined) {
      addresses.push(holding.text);
      if (holding.pool === undefined) {
        orphaned.push(holding.text);
      }
    }
  }
  const group = addresses.length === 0 ? undefined : allocation.group;
  const moved = allocation.moved && allocation.view.reallocate;
  return { kind: 'allocated', addresses, group, orphaned, refusal: allocation.refusal, moved };
}

/** Whether something stands on the Service, or is about to; it would go stale. */
function saysAnything({ verdict, view: { observed } }: Allocation): boolean {
  return verdict !== undefined || observed.condition !== undefined || observed.addresses.length > 0;
}

/** Whether the two say the same. */
export function sameVerdict(a: Verdict | undefined, b: Verdict | undefined): boolean {
  if (a === undefined || b === undefined || a.kind === 'cleared' || b.kind === 'cleared') {
    return a?.kind === b?.kind;
  }
  return (
    sameList(a.addresses, b.addresses) &&
    a.group === b.group &&
    sameList(a.orphaned, b.orphaned) &&
    a.moved === b.moved &&
    a.refusal?.token === b.refusal?.token &&
    a.refusal?.sentence === b.refusal?.sentence
  );
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/** The condition that says the verdict. */
export function conditionText(verdict: Extract<Verdict, { kind: 'allocated' }>): ConditionText {
  const { addresses, group, orphaned, refusal } = verdict;
  if (refusal !== undefined) {
    return { status: 'False', reason: refusal.token, message: refusal.sentence };
  }
  if (orphaned.length > 0) {
    const message = `${listNames(orphaned)}: no pool has it any more, and the Service keeps it; put it back into a pool, or move the Service with the annotation fairlead.dev/reallocate`;
    return { status: 'True', reason: 'Orphaned', message };
  }
  return {
    status: 'True',
    reason: 'Allocated',
    message: `${listNames(addresses)} from ServiceGroup ${shownName(group ?? '')}`,
  };
}
