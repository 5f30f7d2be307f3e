import { duration, interfaceName, ipAddress, secretName, whereDurations } from '../schema/common.ts';
import { defaulted, flag, integer, listByKey, object, optional, text } from '../schema/field.ts';
import type { Read } from '../schema/field.ts';
import { bfd, families } from './router-common.ts';

/** An AS number (RFC 6793), less 0 and the reserved highest one (RFC 7300). */
export const asn = (description: string) => integer({ description, minimum: 1, maximum: 4_294_967_294 });
const port = (description: string) => integer({ description, minimum: 1, maximum: 65_535 });

export const bgpNeighbor = object(
  {
    name: text({
      description: 'Its name, in the status and in the configuration of the daemon.',
      maxLength: 32,
      rules: [
        {
          rule: "self.matches('^[A-Za-z][A-Za-z0-9_-]*$')",
          message: 'write a name of letters, digits, dashes and underscores that starts with a letter',
        },
      ],
    }),
    address: optional(
      ipAddress(
        'Its address. Absent with `interface`: whoever speaks BGP there by a link-local address (unnumbered); BIRD waits until the other side connects.',
      ),
    ),
    asn: asn('Its AS number. The same as ours makes the session internal.'),
    port: defaulted(port('Its TCP port.'), 179),
    localAddress: optional(ipAddress('Our address in the session. Absent: as the kernel chooses.')),
    interface: optional(interfaceName('The interface towards it: needed for a link-local address and for unnumbered.')),
    multihop: optional(
      integer({
        description: 'How many hops away it may be. Absent: on a network of this node.',
        minimum: 1,
        maximum: 255,
      }),
    ),
    passive: defaulted(flag({ description: 'True: wait for the neighbor to connect.' }), false),
    passwordSecret: optional(
      secretName(
        "A Secret in the release's namespace whose key `password` is the TCP MD5 password (RFC 2385). The session stays down while it is missing.",
      ),
    ),
    bfd: optional(bfd('BFD for this neighbor; `{}` for the defaults. Absent: off.')),
    holdTime: defaulted(
      duration('The session is down after this time without a message.', {
        minimum: '3s',
        maximum: '18h',
        wholeSeconds: true,
      }),
      '9s',
    ),
    keepaliveTime: optional(
      duration('Time between two messages. Absent: a third of `holdTime`.', {
        minimum: '1s',
        maximum: '6h',
        wholeSeconds: true,
      }),
    ),
    families: families('Families whose routes are announced. Absent: both, as far as the node has addresses of them.'),
  },
  {
    description: 'A BGP neighbor.',
    rules: [
      { rule: 'has(self.address) || has(self.interface)', message: 'write address, or interface for unnumbered BGP' },
      {
        rule: '!has(self.address) || !isIP(self.address) || !ip(self.address).isLinkLocalUnicast() || has(self.interface)',
        message: 'a link-local address says nothing without its interface; write interface as well',
      },
      {
        rule: '!has(self.localAddress) || !isIP(self.localAddress) || !ip(self.localAddress).isLinkLocalUnicast() || has(self.interface)',
        message: 'a link-local localAddress says nothing without its interface; write interface as well',
      },
      {
        rule: '!has(self.multihop) || (has(self.address) && !has(self.interface))',
        message: 'multihop is for a neighbor with an address and without interface',
      },
      {
        rule: '!has(self.localAddress) || !has(self.address) || !isIP(self.localAddress) || !isIP(self.address) || ip(self.localAddress).family() == ip(self.address).family()',
        message: 'address and localAddress must be of one family',
      },
      {
        rule: `!has(self.keepaliveTime) || ${whereDurations(['self.keepaliveTime', 'self.holdTime'], 'duration(self.keepaliveTime) < duration(self.holdTime)')}`,
        message: 'keepaliveTime must be shorter than holdTime, by custom a third of it',
      },
    ],
  },
);

export const routerBGP = object(
  {
    listenPort: defaulted(
      port('TCP port on which neighbors reach us. Another than 179 where something else on the node speaks BGP.'),
      179,
    ),
    gracefulRestart: optional(
      object(
        {
          time: defaulted(
            duration('How long neighbors keep our routes while the daemon is away.', {
              minimum: '1s',
              maximum: '4095s',
              wholeSeconds: true,
            }),
            '120s',
          ),
        },
        { description: 'Graceful restart (RFC 4724); `{}` for the defaults. Absent: off.' },
      ),
    ),
    neighbors: listByKey(bgpNeighbor, {
      key: 'name',
      description: 'With whom to speak.',
      minItems: 1,
      maxItems: 32,
    }),
  },
  { description: 'BGP. Absent: off.' },
);

export type RouterBGP = Read<typeof routerBGP>;
export type BGPNeighbor = Read<typeof bgpNeighbor>;
