import type { ServiceView, Verdict } from '@fairlead/ipam';

interface Known {
  readonly uid: string;
  /** Separated by commas: one text costs less than a list of texts, and there is one for each Service. */
  readonly addresses: string;
  /** The rest of the verdict; undefined after a write of which nobody knows whether it happened. */
  readonly said: string | undefined;
}

/** What is known to stand on Services, because it was written here or found there. */
export class Settled {
  readonly #known = new Map<string, Known>();

  /** The Service says the verdict. */
  settle({ key, uid }: ServiceView, verdict: Verdict): void {
    this.#known.set(key, { uid, addresses: addressesText(verdict), said: saidText(verdict) });
  }

  /** A write was sent and not answered: what the Service says next may be our own doing. */
  doubt({ key }: ServiceView): void {
    const known = this.#known.get(key);
    if (known !== undefined) {
      this.#known.set(key, { ...known, said: undefined });
    }
  }

  /** The Service is gone. */
  forget(key: string): void {
    this.#known.delete(key);
  }

  /** The addresses that stood on the Service when it was last looked at; undefined when it has not been yet. */
  stood({ key, uid }: ServiceView): readonly string[] | undefined {
    const known = this.#known.get(key);
    if (known?.uid !== uid) {
      return undefined;
    }
    return known.addresses === '' ? [] : known.addresses.split(',');
  }

  /** Whether the Service said this very verdict, so that what it lacks now has been taken or changed by somebody else. */
  hasSaid({ key, uid }: ServiceView, verdict: Verdict): boolean {
    const known = this.#known.get(key);
    return known?.uid === uid && known.addresses === addressesText(verdict) && known.said === saidText(verdict);
  }
}

function addressesText(verdict: Verdict): string {
  return verdict.kind === 'allocated' ? verdict.addresses.join(',') : '';
}

function saidText(verdict: Verdict): string {
  if (verdict.kind === 'cleared') {
    return verdict.kind;
  }
  const { group = '', orphaned, moved, refusal } = verdict;
  const marks = `${orphaned.map((address) => ` orphaned ${address}`).join('')}${moved ? ' moved' : ''}`;
  return refusal === undefined ? `${group}${marks}` : `${group}${marks} ${refusal.token}: ${refusal.sentence}`;
}
