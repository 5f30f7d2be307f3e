export type { Address, IPFamily, Prefix } from './address.ts';
export { ROUTE_PROTOCOL, ROUTE_TYPE, SCOPE, TABLE } from './codec/constants.ts';
export type { InterfaceAddress, InterfaceAddressFlags } from './codec/interface-address.ts';
export type { Link, LinkCause, LinkFlags, OperationalState } from './codec/link.ts';
export type { Neighbour, NeighbourState } from './codec/neighbour.ts';
export { describeRequest } from './codec/request.ts';
export type { NextHop, Route } from './codec/route.ts';
export { defaultRoute } from './default-route.ts';
export type { AddressFilter, NeighbourFilter, RouteFilter } from './dumps.ts';
export { NetlinkError, SystemCallError } from './errors.ts';
export { keepLittleFreeMemory, releaseFreeMemory } from './ffi.ts';
export type { EventAction, NetlinkEvent } from './event.ts';
export { ALL_NODES, BROADCAST_MAC, formatMAC, multicastMAC, parseMAC, solicitedNodeAddress } from './mac.ts';
export type { Netlink, NetlinkOptions } from './netlink.ts';
export { openNetlink } from './netlink.ts';
export type {
  AddAddressRequest,
  AddLinkRequest,
  AddRouteRequest,
  DeleteAddressRequest,
  DeleteLinkRequest,
  DeleteRouteRequest,
  NetlinkRequest,
  SetLinkRequest,
} from './request.ts';
export {
  addAddress,
  addLink,
  addRoute,
  deleteAddress,
  deleteLink,
  deleteRoute,
  setLinkDown,
  setLinkMTU,
  setLinkUp,
} from './request.ts';
export type { NetlinkResult } from './socket/request-socket.ts';
export {
  arpProbe,
  arpRequest,
  gratuitousArpReply,
  gratuitousArpRequest,
  solicitation,
  unsolicitedNA,
} from './frames/builders.ts';
export type { SolicitationTarget } from './frames/builders.ts';
export { decodeFrame, encodeFrame } from './frames/codec.ts';
export type { ArpFrame, LanFrame, NeighbourAdvertisement, NeighbourSolicitation } from './frames/frame.ts';
export type { LanEvent, LanSocket, LanSocketOptions, SendResult } from './lan/lan-socket.ts';
export { openLanSocket } from './lan/lan-socket.ts';
