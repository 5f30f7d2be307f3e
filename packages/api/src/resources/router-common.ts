import { duration, secretName } from '../schema/common.ts';
import { choice, defaulted, integer, object, optional, set } from '../schema/field.ts';
import type { Read } from '../schema/field.ts';

/** Fields that the routing protocols of a Router share. */

/** BFD (RFC 5880): times of the packets. */
export function bfd(description: string) {
  return object(
    {
      interval: defaulted(
        duration('Time between two packets, both ways.', { minimum: '10ms', maximum: '10s' }),
        '100ms',
      ),
      multiplier: defaulted(
        integer({ description: 'After how many missing packets the session is down.', minimum: 2, maximum: 50 }),
        3,
      ),
    },
    { description },
  );
}

/** BFD on an interface, where neighbors are found and not named. */
export const interfaceBFD = bfd('BFD with the neighbors on this interface; `{}` for the defaults. Absent: off.');

/** Families of which a protocol that has a version for each announces routes. */
export function families(description: string) {
  return optional(
    set(choice(['IPv4', 'IPv6'], { description: 'A family.' }), { description, minItems: 1, maxItems: 2 }),
  );
}

/** Authentication of the packets of a protocol on an interface. `protocol` is its name. */
export function authentication(protocol: string, passwordAlgorithm: string) {
  return {
    passwordSecret: optional(
      secretName(
        `A Secret in the release's namespace whose key \`password\` authenticates ${protocol} packets. The interface speaks to nobody while it is missing.`,
      ),
    ),
    passwordID: defaulted(
      integer({
        description: 'Number of the password; the same on all routers of the network.',
        minimum: 1,
        maximum: 255,
      }),
      1,
    ),
    passwordAlgorithm: defaulted(
      choice(['MD5', 'SHA1', 'SHA256', 'SHA384', 'SHA512'], { description: passwordAlgorithm }),
      'MD5',
    ),
  } as const;
}

export type BFDSettings = Read<typeof interfaceBFD>;
