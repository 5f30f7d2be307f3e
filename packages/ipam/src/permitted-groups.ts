import type { LabelSelector } from '@fairlead/api';
import type { Group, Labels } from './group.ts';
import type { ServiceView } from './service.ts';

/** How many answers are kept; there is one for each combination of the labels that selectors look at. */
const KEPT_AT_MOST = 4_096;

/**
 * Which of some groups a Service may draw from. Services with equal labels, as far as any selector looks at them, have
 * equal answers, which are kept: with 50 groups a judgement looks at a few labels and not at 100 selectors.
 */
export class PermittedGroups {
  /** Whether the labels of a Service's Namespace must be known to answer. */
  readonly looksAtNamespaces: boolean;
  readonly #groups: readonly Group[];
  readonly #serviceKeys: readonly string[];
  readonly #namespaceKeys: readonly string[];
  readonly #answers = new Map<string, readonly Group[]>();

  /** @param groups in the order in which they are tried */
  constructor(groups: readonly Group[]) {
    this.looksAtNamespaces = groups.some((group) => group.looksAtNamespaces);
    this.#groups = groups;
    this.#serviceKeys = keysOf(groups.map(({ view }) => view.spec.assign.serviceSelector));
    this.#namespaceKeys = keysOf(groups.map(({ view }) => view.spec.assign.namespaceSelector));
  }

  /** The groups whose selectors select the Service, in their order. */
  of(service: ServiceView, namespaceLabels: Labels | undefined): readonly Group[] {
    const key = valuesText(this.#serviceKeys, service.labels) + valuesText(this.#namespaceKeys, namespaceLabels);
    const known = this.#answers.get(key);
    if (known !== undefined) {
      return known;
    }
    const groups = this.#groups.filter((group) => group.permits(service, namespaceLabels));
    if (this.#answers.size >= KEPT_AT_MOST) {
      this.#answers.clear();
    }
    this.#answers.set(key, groups);
    return groups;
  }
}

function keysOf(selectors: readonly (LabelSelector | undefined)[]): string[] {
  const keys = selectors.flatMap((selector) => [
    ...Object.keys(selector?.matchLabels ?? {}),
    ...(selector?.matchExpressions ?? []).map(({ key }) => key),
  ]);
  return [...new Set(keys)];
}

/** The values of the labels with these keys. Label values have no line ends, and an absent one is not an empty one. */
function valuesText(keys: readonly string[], labels: Labels | undefined): string {
  let text = '';
  for (const key of keys) {
    text += labels !== undefined && Object.hasOwn(labels, key) ? `=${labels[key]}\n` : '\n';
  }
  return text;
}
