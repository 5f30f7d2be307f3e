import {
  AF_UNSPEC,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_DELNEIGH,
  RTM_DELROUTE,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWNEIGH,
  RTM_NEWROUTE,
} from './codec/constants.ts';
import type { InterfaceAddress } from './codec/interface-address.ts';
import { decodeInterfaceAddress } from './codec/interface-address.ts';
import type { Link, LinkCause } from './codec/link.ts';
import { decodeLink, decodeLinkCause, linkFamily } from './codec/link.ts';
import type { Message } from './codec/message.ts';
import type { Neighbour } from './codec/neighbour.ts';
import { decodeNeighbour } from './codec/neighbour.ts';
import type { Route } from './codec/route.ts';
import { decodeRoute } from './codec/route.ts';

/** `new` also tells of changes to something that was there before. */
export type EventAction = 'new' | 'delete';

/**
 * What the kernel tells of changes, our own included. After `resync` nothing is known of what happened before it:
 * the listener reads everything again.
 */
export type NetlinkEvent =
  | {
      readonly type: 'link';
      readonly action: EventAction;
      readonly link: Link;
      /** Why, where it is not for what the link says. */
      readonly cause?: LinkCause | undefined;
    }
  | { readonly type: 'address'; readonly action: EventAction; readonly address: InterfaceAddress }
  | { readonly type: 'route'; readonly action: EventAction; readonly route: Route }
  | { readonly type: 'neighbour'; readonly action: EventAction; readonly neighbour: Neighbour }
  | { readonly type: 'resync'; readonly reason: string };

/**
 * Reads one message of a multicast group.
 * @returns `undefined` for what is none of the four kinds
 * @throws {DecodeError} when the bytes are no such message
 */
export function decodeEvent(message: Message): NetlinkEvent | undefined {
  switch (message.type) {
    case RTM_NEWLINK:
    case RTM_DELLINK: {
      if (linkFamily(message) !== AF_UNSPEC) {
        return undefined;
      }
      const cause = decodeLinkCause(message);
      const action = actionOf(message.type, RTM_NEWLINK);
      return { type: 'link', action, link: decodeLink(message), ...(cause === undefined ? {} : { cause }) };
    }
    case RTM_NEWADDR:
    case RTM_DELADDR: {
      const address = decodeInterfaceAddress(message);
      return address && { type: 'address', action: actionOf(message.type, RTM_NEWADDR), address };
    }
    case RTM_NEWROUTE:
    case RTM_DELROUTE: {
      const route = decodeRoute(message);
      return route && { type: 'route', action: actionOf(message.type, RTM_NEWROUTE), route };
    }
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH: {
      const neighbour = decodeNeighbour(message);
      return neighbour && { type: 'neighbour', action: actionOf(message.type, RTM_NEWNEIGH), neighbour };
    }
    default:
      return undefined;
  }
}

function actionOf(type: number, added: number): EventAction {
  return type === added ? 'new' : 'delete';
}
