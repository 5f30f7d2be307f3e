import type { Condition, ObjectMeta, Problem } from '@fairlead/api';
import { keyText } from '@fairlead/kube';
import type { Projected } from '@fairlead/kube';

/** An object whose only status is whether it can be used as written. */
export interface ValidityFacts extends Projected {
  readonly generation: number;
  readonly problems: readonly Problem<string>[];
  readonly conditions: readonly Condition[];
}

/** How many problems a condition tells in full. */
const PROBLEMS_SHOWN = 5;

/** Judges an object by its spec; the spec itself is not kept. */
export function judgeValidity<S>(
  {
    metadata,
    spec,
    status,
  }: {
    readonly metadata: ObjectMeta;
    readonly spec: S;
    readonly status?: { readonly conditions?: readonly Condition[] };
  },
  validate: (spec: S) => readonly Problem<string>[],
): ValidityFacts {
  return {
    key: keyText(metadata),
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    generation: metadata.generation ?? 0,
    problems: validate(spec),
    conditions: status?.conditions ?? [],
  };
}

/**
 * All conditions of the object with a true `Ready` among them; undefined when it is so already.
 * @param time RFC 3339
 */
export function planReady(facts: ValidityFacts, time: string): readonly Condition[] | undefined {
  const { problems, conditions, generation } = facts;
  const [first] = problems;
  const before = conditions.find(({ type }) => type === 'Ready');
  const status = first === undefined ? 'True' : 'False';
  const more = problems.length > PROBLEMS_SHOWN ? [`and ${problems.length - PROBLEMS_SHOWN} more`] : [];
  const sentences = problems.slice(0, PROBLEMS_SHOWN).map(({ sentence }) => sentence);
  const ready: Condition = {
    type: 'Ready',
    status,
    reason: first?.reason ?? 'Valid',
    message: first === undefined ? 'In use as written' : [...sentences, ...more].join('; '),
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : time,
    observedGeneration: generation,
  };
  const isSaid =
    before !== undefined &&
    before.status === status &&
    before.reason === ready.reason &&
    before.message === ready.message &&
    before.observedGeneration === generation;
  return isSaid ? undefined : [...conditions.filter(({ type }) => type !== 'Ready'), ready];
}
