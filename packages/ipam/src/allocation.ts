import type { IPFamily, Refusal } from '@fairlead/api';
import type { Catalogue } from './catalogue.ts';
import type { Labels } from './group.ts';
import type { Holding } from './holding.ts';
import { sharingSignature } from './holding.ts';
import type { Place } from './place.ts';
import type { Request } from './request.ts';
import { parseRequest } from './request.ts';
import type { ServiceView } from './service.ts';
import { PerFamily } from './small.ts';
import type { Verdict } from './verdict.ts';
import type { Standing } from './waiting.ts';

const NOTHING: ReadonlyMap<IPFamily, bigint> = new Map();

/** A Service of ours and what it has. */
export class Allocation {
  #view: ServiceView;
  #request: Request;
  #signature: string | undefined;
  readonly holds = new PerFamily<Holding<Allocation>>();
  /** Name of the group that its addresses were drawn from. */
  group: string | undefined;
  /** Why it has not all that it wants; it keeps what it has. */
  refusal: Refusal | undefined;
  /** It cannot be judged before its Namespace has been read; nothing is said about it until then. */
  pending = false;
  /** It got another address because it asked to be moved; until the annotation is gone it is not moved again. */
  moved = false;
  /** Where it stands in line; undefined when it wants nothing more. */
  standing: Standing | undefined;
  /** What was last said about it. */
  verdict: Verdict | undefined;

  constructor(view: ServiceView) {
    this.#view = view;
    this.#request = parseRequest(view);
    this.#signature = sharingSignature(view);
  }

  /** The Service as last seen. */
  get view(): ServiceView {
    return this.#view;
  }

  /** The addresses it asks for. */
  get request(): Request {
    return this.#request;
  }

  /** The addresses that it asks for; none where that makes no sense. */
  get requested(): ReadonlyMap<IPFamily, bigint> {
    return this.#request.ok ? this.#request.addresses : NOTHING;
  }

  /** Whether it has every address that it asks for. */
  get hasAllRequested(): boolean {
    for (const [family, value] of this.requested) {
      if (this.holds.get(family)?.value !== value) {
        return false;
      }
    }
    return true;
  }

  /** Whom it could share with: see {@link sharingSignature}. */
  get signature(): string | undefined {
    return this.#signature;
  }

  /** The Service has been seen again, with the same wish. */
  refresh(view: ServiceView): void {
    this.#view = view;
  }

  /** The Service asks for something else; addresses that it shares are told by the ledger. */
  reword(view: ServiceView): void {
    this.#view = view;
    this.#request = parseRequest(view);
    this.#signature = sharingSignature(view);
  }

  /** Whether it is to be moved and asks for the very addresses that it has, so that there is nowhere to move it to. */
  get isPinned(): boolean {
    const { view, request, holds } = this;
    return (
      view.reallocate &&
      request.ok &&
      holds.size > 0 &&
      holds.values().every(({ family, value }) => request.addresses.get(family) === value)
    );
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
  /** An address there that the Service could join and does not have; undefined when there is none. */
  joinable(service: Allocation, place: Place): Holding<Allocation> | undefined;
  /** Labels of the Namespace; undefined while it has not been read. */
  labelsOf(namespace: string): Labels | undefined;
}
