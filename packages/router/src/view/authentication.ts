import type { OSPFInterface, RIPInterface } from '@fairlead/api';
import { checkedAt, PlacedProblem, problemAt, within } from './collect.ts';
import type { Place } from './collect.ts';
import { passwordView, secretPlace } from './passwords.ts';
import type { SecretData } from './passwords.ts';
import { NOTHING, oneOf, wholeNumber } from './printable.ts';
import type { Printable } from './printable.ts';
import type { AuthenticationView } from './view.ts';

/** Keyed MD5 has 16 bytes of key (RFC 2328, D.3; RFC 2082); daemons cut what is longer without a word. */
const MD5_PASSWORD_LENGTH = 16;

const ALGORITHMS = {
  MD5: 'md5',
  SHA1: 'sha1',
  SHA256: 'sha256',
  SHA384: 'sha384',
  SHA512: 'sha512',
} as const satisfies Record<OSPFInterface['passwordAlgorithm'], string>;

/**
 * Authentication of the packets on an interface.
 * @param usesIPv4 whether version 2 of the protocol runs there, so that a password for MD5 has to fit
 * @throws {PlacedProblem}
 */
export function authenticationView(
  {
    passwordSecret,
    passwordID,
    passwordAlgorithm,
  }: Pick<OSPFInterface | RIPInterface, 'passwordSecret' | 'passwordID' | 'passwordAlgorithm'>,
  place: Place,
  { secrets, usesIPv4 }: { readonly secrets: ReadonlyMap<string, SecretData>; readonly usesIPv4: boolean },
): AuthenticationView {
  const password = passwordView(passwordSecret, place, secrets);
  if (passwordSecret === undefined) {
    return { ...password, passwordID: NOTHING, algorithmIPv4: NOTHING, algorithmIPv6: NOTHING };
  }
  const algorithm = checkedAt(within(place, 'passwordAlgorithm'), () => oneOf(passwordAlgorithm, ALGORITHMS));
  if (usesIPv4 && passwordAlgorithm === 'MD5' && password.password.length > MD5_PASSWORD_LENGTH) {
    const sentence = `a password for MD5 has at most ${MD5_PASSWORD_LENGTH} characters; shorten it, or write passwordAlgorithm: SHA256 at the interface`;
    throw new PlacedProblem(problemAt(secretPlace(passwordSecret), 'InvalidValue', sentence));
  }
  return {
    ...password,
    passwordID: checkedAt(within(place, 'passwordID'), () => wholeNumber(passwordID, { minimum: 1, maximum: 255 })),
    algorithmIPv4: algorithm,
    // RFC 7166 has no MD5.
    algorithmIPv6: algorithm === ALGORITHMS.MD5 ? (ALGORITHMS.SHA256 as Printable) : algorithm,
  };
}
