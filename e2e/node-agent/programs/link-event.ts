/**
 * Tells all who listen to links in this network namespace what the kernel would tell them of one: its own message about
 * it, with the event attached (IFLA_EVENT). Who may set up interfaces may speak to the group; the kernel of a lab may have
 * no bond that could fail over. Argument: a {@link LinkEventRequest} in JSON.
 */
import koffi from 'koffi';
import type { LinkEventRequest } from '../link-event.ts';

/** linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, bits/socket.h */
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const RTM_GETLINK = 18;
const NLM_F_REQUEST = 1;
const RTMGRP_LINK = 1;
const IFLA_EVENT = 44;

const program = koffi.load(null);
const socket = program.func('int socket(int domain, int type, int protocol)');
const connect = program.func('int connect(int fd, const uint8_t *address, uint32_t length)');
const send = program.func('intptr_t send(int fd, const uint8_t *bytes, size_t length, int flags)');
const recv = program.func('intptr_t recv(int fd, uint8_t *bytes, size_t length, int flags)');

/** A socket that sends to the kernel, or to groups. */
function open(groups: number): number {
  const fd = succeeded('socket', socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK);
  address.writeUInt32LE(groups, 8);
  succeeded('connect', connect(fd, address, address.length));
  return fd;
}

function succeeded(what: string, result: unknown): number {
  if (Number(result) < 0) {
    throw new Error(`${what}: errno ${koffi.errno()}`);
  }
  return Number(result);
}

const { index, event } = JSON.parse(process.argv[2] ?? '{}') as LinkEventRequest;

// struct nlmsghdr, then struct ifinfomsg.
const question = Buffer.alloc(32);
question.writeUInt32LE(question.length, 0);
question.writeUInt16LE(RTM_GETLINK, 4);
question.writeUInt16LE(NLM_F_REQUEST, 6);
question.writeInt32LE(index, 20);
const asking = open(0);
succeeded('send', send(asking, question, question.length, 0));
const answer = Buffer.alloc(64 * 1024);
const length = succeeded('recv', recv(asking, answer, answer.length, 0));

const attribute = Buffer.alloc(8);
attribute.writeUInt16LE(8, 0);
attribute.writeUInt16LE(IFLA_EVENT, 2);
attribute.writeUInt32LE(event, 4);
const message = Buffer.concat([answer.subarray(0, length), attribute]);
message.writeUInt32LE(message.length, 0);
// Neither a request nor an answer, and from the kernel.
message.fill(0, 6, 16);
succeeded('send to the group', send(open(RTMGRP_LINK), message, message.length, 0));
