import type { Address, IPFamily } from '../address.ts';
import { addressBytes, addressText } from '../address.ts';
import type {
  AddAddressRequest,
  AddLinkRequest,
  AddRouteRequest,
  DeleteAddressRequest,
  DeleteRouteRequest,
  NetlinkRequest,
  SetLinkRequest,
} from '../request.ts';
import { routeScope } from '../request.ts';
import { BodyWriter } from './attributes.ts';
import {
  IFA_ADDRESS,
  IFA_CACHEINFO,
  IFA_F_NODAD,
  IFA_F_NOPREFIXROUTE,
  IFA_FLAGS,
  IFA_LOCAL,
  IFA_PROTO,
  IFA_RT_PRIORITY,
  IFF_UP,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_MTU,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  ROUTE_PROTOCOL,
  ROUTE_TYPE,
  RTA_DST,
  RTA_GATEWAY,
  RTA_OIF,
  RTA_PREFSRC,
  RTA_PRIORITY,
  RTA_TABLE,
  RTA_VIA,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_DELROUTE,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWROUTE,
  SCOPE,
  TABLE,
} from './constants.ts';
import { familyNumber } from './family.ts';
import { ADDRESS_HEADER, CACHEINFO_SIZE, encodeLifetime } from './interface-address.ts';
import { linkHeader } from './link.ts';
import { encodeMessage } from './message.ts';
import { ROUTE_HEADER } from './route.ts';

/** Room for the attributes of the largest request that is built here: a few addresses and numbers. */
const CAPACITY = 256;

interface Encoded {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
}

function addressHeader(request: AddAddressRequest | DeleteAddressRequest, scope: number): Buffer {
  const header = Buffer.alloc(ADDRESS_HEADER);
  header.writeUInt8(familyNumber(request.address.family), 0);
  header.writeUInt8(request.length, 1);
  // The flags at offset 2 stay 0: only the low eight fit there, and IFA_FLAGS takes their place.
  header.writeUInt8(scope, 3);
  header.writeUInt32LE(request.index, 4);
  return header;
}

function encodeAddAddress(request: AddAddressRequest): Encoded {
  const { flags = {}, validLifetime = Infinity } = request;
  const preferredLifetime = Math.min(request.preferredLifetime ?? validLifetime, validLifetime);
  const bits = (flags.noprefixroute === true ? IFA_F_NOPREFIXROUTE : 0) | (flags.nodad === true ? IFA_F_NODAD : 0);
  const bytes = addressBytes(request.address);
  const body = new BodyWriter(addressHeader(request, request.scope ?? SCOPE.universe), CAPACITY);
  body.bytes(IFA_LOCAL, bytes);
  if (bits !== 0) {
    body.uint32(IFA_FLAGS, bits);
  }
  body.bytes(IFA_ADDRESS, bytes);
  if (preferredLifetime !== Infinity || validLifetime !== Infinity) {
    const lifetimes = Buffer.alloc(CACHEINFO_SIZE);
    lifetimes.writeUInt32LE(encodeLifetime(preferredLifetime), 0);
    lifetimes.writeUInt32LE(encodeLifetime(validLifetime), 4);
    body.bytes(IFA_CACHEINFO, lifetimes);
  }
  if (request.protocol !== undefined) {
    body.uint8(IFA_PROTO, request.protocol);
  }
  if (request.metric !== undefined) {
    body.uint32(IFA_RT_PRIORITY, request.metric);
  }
  const create = NLM_F_CREATE | (request.replace === true ? NLM_F_REPLACE : NLM_F_EXCL);
  return { type: RTM_NEWADDR, flags: create, body: body.finish() };
}

function encodeDeleteAddress(request: DeleteAddressRequest): Encoded {
  const bytes = addressBytes(request.address);
  const body = new BodyWriter(addressHeader(request, SCOPE.universe), CAPACITY)
    .bytes(IFA_LOCAL, bytes)
    .bytes(IFA_ADDRESS, bytes);
  return { type: RTM_DELADDR, flags: 0, body: body.finish() };
}

function encodeRouteBody(
  request: AddRouteRequest | DeleteRouteRequest,
  defaults: { readonly protocol: number; readonly type: number; readonly scope: number },
): Buffer {
  const { dst, table = TABLE.main, gateway } = request;
  const header = Buffer.alloc(ROUTE_HEADER);
  header.writeUInt8(familyNumber(dst.address.family), 0);
  header.writeUInt8(dst.length, 1);
  header.writeUInt8(table > 255 ? 0 : table, 4);
  header.writeUInt8(request.protocol ?? defaults.protocol, 5);
  header.writeUInt8(defaults.scope, 6);
  header.writeUInt8(request.type ?? defaults.type, 7);
  const body = new BodyWriter(header, CAPACITY);
  if (dst.length > 0) {
    body.bytes(RTA_DST, addressBytes(dst.address));
  }
  if (gateway !== undefined) {
    writeGateway(body, gateway, dst.address.family);
  }
  if (request.preferredSource !== undefined) {
    body.bytes(RTA_PREFSRC, addressBytes(request.preferredSource));
  }
  if (table > 255) {
    body.uint32(RTA_TABLE, table);
  }
  if (request.metric !== undefined) {
    body.uint32(RTA_PRIORITY, request.metric);
  }
  if (request.index !== undefined) {
    body.uint32(RTA_OIF, request.index);
  }
  return body.finish();
}

function writeGateway(body: BodyWriter, gateway: Address, family: IPFamily): void {
  if (gateway.family === family) {
    body.bytes(RTA_GATEWAY, addressBytes(gateway));
  } else {
    // struct rtvia: u16 family, then the address.
    const number = Buffer.alloc(2);
    number.writeUInt16LE(familyNumber(gateway.family));
    body.bytes(RTA_VIA, Buffer.concat([number, addressBytes(gateway)]));
  }
}

function encodeAddRoute(request: AddRouteRequest): Encoded {
  const body = encodeRouteBody(request, {
    protocol: ROUTE_PROTOCOL.static,
    type: ROUTE_TYPE.unicast,
    scope: routeScope(request),
  });
  const create = NLM_F_CREATE | (request.replace === true ? NLM_F_REPLACE : NLM_F_EXCL);
  return { type: RTM_NEWROUTE, flags: create, body };
}

function encodeDeleteRoute(request: DeleteRouteRequest): Encoded {
  // 0 and "nowhere" are what the kernel takes as "any" here (net/ipv4/fib_trie.c fib_table_delete).
  const scope = request.scope ?? (request.dst.address.family === 'IPv4' ? SCOPE.nowhere : SCOPE.universe);
  const any = { protocol: 0, type: 0, scope };
  return { type: RTM_DELROUTE, flags: 0, body: encodeRouteBody(request, any) };
}

function encodeAddLink(request: AddLinkRequest): Encoded {
  const kind = new BodyWriter(Buffer.alloc(0), CAPACITY).bytes(IFLA_INFO_KIND, Buffer.from(request.linkKind)).finish();
  const body = new BodyWriter(linkHeader(), CAPACITY).text(IFLA_IFNAME, request.name).bytes(IFLA_LINKINFO, kind);
  return { type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, body: body.finish() };
}

function encodeSetLink({ index, up, mtu }: SetLinkRequest): Encoded {
  const change = up === undefined ? 0 : IFF_UP;
  const body = new BodyWriter(linkHeader({ index, flags: up === true ? IFF_UP : 0, change }), CAPACITY);
  if (mtu !== undefined) {
    body.uint32(IFLA_MTU, mtu);
  }
  return { type: RTM_NEWLINK, flags: 0, body: body.finish() };
}

function encode(request: NetlinkRequest): Encoded {
  switch (request.kind) {
    case 'addAddress':
      return encodeAddAddress(request);
    case 'deleteAddress':
      return encodeDeleteAddress(request);
    case 'addRoute':
      return encodeAddRoute(request);
    case 'deleteRoute':
      return encodeDeleteRoute(request);
    case 'addLink':
      return encodeAddLink(request);
    case 'setLink':
      return encodeSetLink(request);
    case 'deleteLink':
      return { type: RTM_DELLINK, flags: 0, body: linkHeader({ index: request.index }) };
    default:
      return request satisfies never;
  }
}

/** The message that asks the kernel for one change and for an acknowledgement under this sequence number. */
export function encodeRequest(request: NetlinkRequest, sequence: number): Buffer {
  const { type, flags, body } = encode(request);
  return encodeMessage({ type, flags: NLM_F_REQUEST | NLM_F_ACK | flags, sequence, body });
}

/** A request in words, to follow "cannot". */
export function describeRequest(request: NetlinkRequest): string {
  switch (request.kind) {
    case 'addAddress':
      return `add address ${addressText(request.address)}/${request.length} to interface ${request.index}`;
    case 'deleteAddress':
      return `delete address ${addressText(request.address)}/${request.length} from interface ${request.index}`;
    case 'addRoute':
      return `add route ${routeText(request)}`;
    case 'deleteRoute':
      return `delete route ${routeText(request)}`;
    case 'addLink':
      return `make interface ${request.name} of kind ${request.linkKind}`;
    case 'setLink':
      return request.mtu === undefined
        ? `switch interface ${request.index} ${request.up === true ? 'on' : 'off'}`
        : `give interface ${request.index} an MTU of ${request.mtu}`;
    case 'deleteLink':
      return `delete interface ${request.index}`;
    default:
      return request satisfies never;
  }
}

function routeText(request: AddRouteRequest | DeleteRouteRequest): string {
  const by = request.index === undefined ? '' : ` on interface ${request.index}`;
  return `${addressText(request.dst.address)}/${request.dst.length}${by}`;
}
