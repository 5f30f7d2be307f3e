import type { KernelRefusal } from '../errors.ts';
import { DecodeError } from '../errors.ts';
import { eachAttribute, readText, readUint32 } from './attributes.ts';
import { NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS } from './constants.ts';

/** Bytes of `struct nlmsghdr`: u32 length, u16 type, u16 flags, u32 sequence, u32 port. */
export const MESSAGE_HEADER = 16;

/** One netlink message inside the bytes that came with one receive. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** The whole datagram, and where in it the payload stands. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * The messages of one datagram.
 * @throws {DecodeError} when a length lies; those before it have been yielded by then
 */
export function* messages(bytes: Buffer): Generator<Message, void, undefined> {
  let offset = 0;
  while (offset + MESSAGE_HEADER <= bytes.length) {
    const length = bytes.readUInt32LE(offset);
    if (length < MESSAGE_HEADER || offset + length > bytes.length) {
      throw new DecodeError(`a message of ${length} bytes stands where ${bytes.length - offset} are left`);
    }
    yield {
      type: bytes.readUInt16LE(offset + 4),
      flags: bytes.readUInt16LE(offset + 6),
      sequence: bytes.readUInt32LE(offset + 8),
      bytes,
      start: offset + MESSAGE_HEADER,
      end: offset + length,
    };
    offset += (length + 3) & ~3;
  }
}

/** A whole message around a body. The port stays 0: the kernel knows the socket. */
export function encodeMessage(message: { type: number; flags: number; sequence: number; body: Uint8Array }): Buffer {
  const length = MESSAGE_HEADER + message.body.length;
  const bytes = Buffer.alloc((length + 3) & ~3);
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt16LE(message.type, 4);
  bytes.writeUInt16LE(message.flags, 6);
  bytes.writeUInt32LE(message.sequence, 8);
  bytes.set(message.body, MESSAGE_HEADER);
  return bytes;
}

/** Where the attributes of a message start, behind a fixed structure of this size. */
export function attributesStart(message: Message, headerSize: number): number {
  if (message.end - message.start < headerSize) {
    throw new DecodeError(`a message has ${message.end - message.start} bytes of payload where ${headerSize} belong`);
  }
  return message.start + headerSize;
}

/**
 * Reads NLMSG_ERROR: the kernel's answer to one request, with the text that NETLINK_EXT_ACK adds.
 * @returns `undefined` for success (an acknowledgement is an error message with the number 0)
 */
export function decodeError(message: Message): KernelRefusal | undefined {
  const request = attributesStart(message, 4);
  const errno = -message.bytes.readInt32LE(message.start);
  if (errno === 0) {
    return undefined;
  }
  if ((message.flags & NLM_F_ACK_TLVS) === 0 || message.end - request < MESSAGE_HEADER) {
    return { errno };
  }
  // The header of a cut request still has the length that it had.
  const capped = (message.flags & NLM_F_CAPPED) !== 0;
  const copied = capped ? MESSAGE_HEADER : message.bytes.readUInt32LE(request);
  if (copied > message.end - request) {
    throw new DecodeError(`an error message repeats ${copied} bytes where ${message.end - request} are left`);
  }
  return { errno, ...decodeExtendedAcknowledgement(message, request + ((copied + 3) & ~3)) };
}

/** Reads NLMSG_DONE: since 4.20 it carries the dump's outcome, 0 or a negative error number, and the same attributes. */
export function decodeDone(message: Message): KernelRefusal | undefined {
  if (message.end - message.start < 4) {
    return undefined;
  }
  const errno = -message.bytes.readInt32LE(message.start);
  if (errno <= 0) {
    return undefined;
  }
  const withText = (message.flags & NLM_F_ACK_TLVS) !== 0;
  return { errno, ...(withText ? decodeExtendedAcknowledgement(message, message.start + 4) : {}) };
}

function decodeExtendedAcknowledgement(message: Message, from: number): Omit<KernelRefusal, 'errno'> {
  let kernelMessage: string | undefined;
  let offset: number | undefined;
  eachAttribute(message.bytes, from, message.end, (type, start, end) => {
    switch (type) {
      case NLMSGERR_ATTR_MSG:
        kernelMessage = readText(message.bytes, start, end);
        break;
      case NLMSGERR_ATTR_OFFS:
        offset = readUint32(message.bytes, start, end);
        break;
      default:
        break;
    }
  });
  return { kernelMessage, offset };
}
