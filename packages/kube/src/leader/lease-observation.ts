import type { Lease } from '../resources.ts';

/** What was seen of a Lease, and when it was first seen like that. */
export interface LeaseObservation {
  readonly holder: string;
  /** Everything that a renewal changes, as one text. */
  readonly fingerprint: string;
  /** For how long the holder asked, in milliseconds; undefined where the Lease does not say. */
  readonly durationMs: number | undefined;
  /** Monotonic milliseconds of our own clock. */
  readonly at: number;
}

/**
 * Takes a look at a Lease. Only changes count, timed by our own clock: what the Lease says about time was written by the
 * clock of another machine (client-go, tools/leaderelection).
 */
export function observeLease(before: LeaseObservation | undefined, lease: Lease, now: number): LeaseObservation {
  const { holderIdentity = '', renewTime, acquireTime, leaseDurationSeconds } = lease.spec ?? {};
  const fingerprint = JSON.stringify([holderIdentity, renewTime, acquireTime, lease.metadata?.uid]);
  if (before !== undefined && before.fingerprint === fingerprint) {
    return before;
  }
  const durationMs = leaseDurationSeconds === undefined ? undefined : leaseDurationSeconds * 1_000;
  return { holder: holderIdentity, fingerprint, durationMs, at: now };
}

/** Whether somebody may take the Lease: it is free, it is their own from a past life, or nobody renewed it in time. */
export function mayTake(
  seen: LeaseObservation,
  { identity, now, durationMs }: { readonly identity: string; readonly now: number; readonly durationMs: number },
): boolean {
  return seen.holder === '' || seen.holder === identity || now - seen.at >= (seen.durationMs ?? durationMs);
}
