import type { Condition } from '@fairlead/api';

/** A condition without its time: what is so, and why. */
export type Finding = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/**
 * Conditions for findings: the time of the last change is kept where the status has not changed. Pure.
 * @param now RFC 3339
 */
export function conditionsOf(
  findings: readonly Finding[],
  previous: readonly Condition[],
  now: string,
): readonly Condition[] {
  const before = new Map(previous.map((condition) => [condition.type, condition]));
  return findings.map((finding) => {
    const old = before.get(finding.type);
    return { ...finding, lastTransitionTime: old?.status === finding.status ? old.lastTransitionTime : now };
  });
}
