import type { IPFamily, Refusal } from '@fairlead/api';
import type { Catalogue } from './catalogue.ts';
import type { Labels } from './group.ts';
import type { Holding } from './holding.ts';
import type { Request } from './request.ts';
import { parseRequest } from './request.ts';
import type { ServiceView } from './service.ts';
import { PerFamily } from './small.ts';
import type { Verdict } from './verdict.ts';
import type { Wait } from './waiting.ts';

/** A Service of ours and what it has. */
export class Allocation {
  view: ServiceView;
  /** The addresses it asks for. */
  request: Request;
  readonly holds = new PerFamily<Holding<Allocation>>();
  /** Name of the group that its addresses were drawn from. */
  group: string | undefined;
  /** Why it has not all that it wants; it keeps what it has. */
  refusal: Refusal | undefined;
  /** It cannot be judged before its Namespace has been read; nothing is said about it until then. */
  pending = false;
  /** It got another address because it asked to be moved; until the annotation is gone it is not moved again. */
  moved = false;
  /** What it stands in line for; undefined when it wants nothing more. */
  wait: Wait | undefined;
  /** What was last said about it. */
  verdict: Verdict | undefined;

  constructor(view: ServiceView) {
    this.view = view;
    this.request = parseRequest(view);
  }

  /** Whether it asks for the very addresses that it has, so that there is nowhere to move it to. */
  get isPinned(): boolean {
    const { view, request, holds } = this;
    if (!view.reallocate || !request.ok) {
      return false;
    }
    return view.families.every((family) => {
      const requested = request.addresses.get(family);
      return requested !== undefined && holds.get(family)?.value === requested;
    });
  }

  /** Whether it asks to be moved and has not been yet. */
  get wantsToMove(): boolean {
    return this.view.reallocate && !this.moved && this.holds.size > 0;
  }
}

/** What a judgement looks at besides the Service. */
export interface World {
  readonly catalogue: Catalogue;
  /** Who has the address; undefined when it is free. */
  holdingOf(family: IPFamily, value: bigint): Holding<Allocation> | undefined;
  /** Addresses held by Services of this sharing signature. */
  sharedBy(signature: string): Iterable<Holding<Allocation>>;
  /** Labels of the Namespace; undefined while it has not been read. */
  labelsOf(namespace: string): Labels | undefined;
}
