import type { Refusal, RefusalToken } from '@fairlead/api';
import { quote } from '@fairlead/api';

/** A refusal whose cure is in the Service itself. */
export function refusalOfService(
  service: { readonly namespace: string; readonly name: string },
  token: RefusalToken,
  sentence: string,
): Refusal {
  return { token, sentence, object: { kind: 'Service', namespace: service.namespace, name: service.name } };
}

/** A refusal whose cure is in a ServiceGroup. */
export function refusalOfGroup(group: string, token: RefusalToken, sentence: string): Refusal {
  return { token, sentence, object: { kind: 'ServiceGroup', name: group } };
}

/** The name of a ServiceGroup that a user, or whoever edited an annotation of ours, wrote: as it is if it can be one. */
export function shownName(name: string): string {
  return /^[a-z0-9.-]{1,253}$/.test(name) ? name : quote(name);
}

/** `a`, `a and b`, `a, b and c`; beyond five names `a, b, c, d, e and 7 more`. */
export function listNames(names: readonly string[]): string {
  const shown = names.length > 5 ? [...names.slice(0, 5), `${names.length - 5} more`] : names;
  return shown.length <= 1 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
