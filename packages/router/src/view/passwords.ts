import type { RouterSpec } from '@fairlead/api';
import { checkedAt, PlacedProblem, problemAt, within } from './collect.ts';
import type { Place } from './collect.ts';
import * as printable from './printable.ts';
import { NOTHING } from './printable.ts';
import type { Printable } from './printable.ts';
import type { RouterView } from './view.ts';

/** `data` of a Secret as the API server gives it: Base64 by key. */
export type SecretData = Readonly<Record<string, string>>;

/** The key of a Secret that holds a password. */
export const PASSWORD_KEY = 'password';

/** A password and where it is from; both empty where none is asked for. */
export interface PasswordView {
  readonly password: Printable;
  readonly passwordSecret: Printable;
}

/**
 * The password that a Secret holds. Never an empty one where one is asked for.
 * @param place where `passwordSecret` stands in the Router, without that name
 * @param secrets Secrets that could be read, by name
 * @throws {PlacedProblem} where the Secret, its key or the password is missing or not allowed
 */
export function passwordView(
  passwordSecret: string | undefined,
  place: Place,
  secrets: ReadonlyMap<string, SecretData>,
): PasswordView {
  if (passwordSecret === undefined) {
    return { password: NOTHING, passwordSecret: NOTHING };
  }
  const at = within(place, 'passwordSecret');
  const secretName = checkedAt(at, () => printable.objectName(passwordSecret));
  const encoded = secrets.get(passwordSecret)?.[PASSWORD_KEY];
  if (encoded !== undefined && encoded !== '') {
    // Editors and `echo` end text with a newline, which no password can hold.
    const text = Buffer.from(encoded, 'base64')
      .toString('utf8')
      .replace(/\r?\n$/, '');
    return {
      password: checkedAt(secretPlace(passwordSecret), () => printable.password(text)),
      passwordSecret: secretName,
    };
  }
  const sentence = secrets.has(passwordSecret)
    ? `the Secret ${passwordSecret} has no key ${PASSWORD_KEY}; put the password there`
    : `the Secret ${passwordSecret} is missing, or agents may not read it; create it with the key ${PASSWORD_KEY} in the namespace of the release, and name it in router.secretNames of the chart`;
  throw new PlacedProblem(problemAt(at, 'SecretMissing', sentence));
}

/** Where the password of a Secret stands. */
export function secretPlace(name: string): Place {
  return { object: { kind: 'Secret', name }, path: `data.${PASSWORD_KEY}` };
}

/** Names of all Secrets that a Router names, each once, in order. */
export function secretNamesOf({ bgp, ospf, rip }: Pick<RouterSpec, 'bgp' | 'ospf' | 'rip'>): string[] {
  const interfaces = [...(ospf?.areas ?? []).flatMap((area) => area.interfaces), ...(rip?.interfaces ?? [])];
  const names = [...(bgp?.neighbors ?? []), ...interfaces].map(({ passwordSecret }) => passwordSecret);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

/** The passwords of a view by the Secrets that they are from. */
export function passwordsBySecret({ bgp, ospf, rip }: RouterView): ReadonlyMap<string, string> {
  const interfaces = [...ospf.areas.flatMap((area) => area.interfaces), ...rip.interfaces];
  const used = [...bgp.neighbors, ...interfaces].filter(({ passwordSecret }) => passwordSecret !== NOTHING);
  return new Map(used.map(({ passwordSecret, password }) => [passwordSecret, password]));
}

/** All passwords of a view, each once: what must not be shown to people. */
export function passwordsOf({ bgp, ospf, rip }: RouterView): string[] {
  const interfaces = [...ospf.areas.flatMap((area) => area.interfaces), ...rip.interfaces];
  const passwords = [...bgp.neighbors, ...interfaces].map(({ password }) => String(password));
  return [...new Set(passwords)].filter((password) => password !== '');
}
