import { duration, interfaceName } from '../schema/common.ts';
import { defaulted, integer, listByKey, object, optional } from '../schema/field.ts';
import type { Read } from '../schema/field.ts';
import { authentication, families, interfaceBFD } from './router-common.ts';

const RIP_INTERFACE = object(
  {
    name: interfaceName('Its name.'),
    updateInterval: defaulted(
      duration(
        'Time between two announcements of all routes. Neighbors drop routes after their own timeout, by custom six times this.',
        { minimum: '1s', maximum: '1h', wholeSeconds: true },
      ),
      '30s',
    ),
    ...authentication(
      'RIP',
      'How the password proves a packet: MD5, or HMAC-SHA (RFC 4822). RIPng has no authentication.',
    ),
    bfd: optional(interfaceBFD),
  },
  { description: 'An interface that speaks RIP.' },
);

export const routerRIP = object(
  {
    interfaces: listByKey(RIP_INTERFACE, {
      key: 'name',
      description: 'Interfaces that speak RIP.',
      minItems: 1,
      maxItems: 16,
    }),
    // 16 is infinity (RFC 2453, 3.6), and the neighbor adds at least 1.
    metric: defaulted(integer({ description: 'Metric of our routes.', minimum: 1, maximum: 14 }), 1),
    tag: optional(integer({ description: 'Tag of our routes, for filters upstream.', minimum: 1, maximum: 65_535 })),
    families: families(
      'Families whose routes are announced: IPv4 by RIP version 2, IPv6 by RIPng. Absent: those of which the node has an address.',
    ),
  },
  { description: 'RIP for IPv4, RIPng for IPv6. Absent: off.' },
);

export type RouterRIP = Read<typeof routerRIP>;
export type RIPInterface = Read<typeof RIP_INTERFACE>;
