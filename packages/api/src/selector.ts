/** One requirement of a {@link LabelSelector}. */
export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

/** A label selector as everywhere in Kubernetes: all its parts must hold, and an empty one selects everything. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
}

type Labels = Readonly<Record<string, string>>;

const OPERATORS: Readonly<
  Record<LabelSelectorRequirement['operator'], (value: string | undefined, values: readonly string[]) => boolean>
> = {
  In: (value, values) => value !== undefined && values.includes(value),
  // As in Kubernetes: an object without the label is in no set.
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: (value) => value !== undefined,
  DoesNotExist: (value) => value === undefined,
};

/** The selector as a question, for those who ask it often. An absent selector selects everything. */
export function compileSelector(selector: LabelSelector | undefined): (labels: Labels | undefined) => boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  const requirements = [
    ...Object.entries(matchLabels).map(([key, value]) => ({ key, holds: (found?: string) => found === value })),
    ...matchExpressions.map(({ key, operator, values = [] }) => ({
      key,
      holds: (found?: string) => OPERATORS[operator](found, values),
    })),
  ];
  return (labels = {}) =>
    requirements.every(({ key, holds }) => holds(Object.hasOwn(labels, key) ? labels[key] : undefined));
}

/** Whether the selector selects an object with these labels. An absent selector selects everything. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels | undefined): boolean {
  return compileSelector(selector)(labels);
}

/** How specific a selector is: the number of its requirements. Where several settings select a node, the highest wins. */
export function selectorSpecificity(selector: LabelSelector | undefined): number {
  return Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions?.length ?? 0);
}

/**
 * The one of several settings that holds for a node: among those whose `nodeSelector` selects it the most specific,
 * among equals the first by name; undefined when none does.
 */
export function selectForNode<
  T extends { readonly metadata: { readonly name: string }; readonly spec: { readonly nodeSelector?: LabelSelector } },
>(settings: Iterable<T>, nodeLabels: Labels | undefined): T | undefined {
  const candidates = [...settings].filter(({ spec }) => matchesSelector(spec.nodeSelector, nodeLabels));
  return candidates.toSorted(
    (a, b) =>
      selectorSpecificity(b.spec.nodeSelector) - selectorSpecificity(a.spec.nodeSelector) ||
      (a.metadata.name < b.metadata.name ? -1 : 1),
  )[0];
}
