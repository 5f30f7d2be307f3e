import { DecodeError } from '../errors.ts';

/** Bytes of `struct nlattr` / `struct rtattr`: u16 length, u16 type, both in host order. */
const ATTRIBUTE_HEADER = 4;

/** The type without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const TYPE_MASK = 0x3fff;

function aligned(length: number): number {
  return (length + 3) & ~3;
}

/**
 * Calls `visit` for each attribute between the two offsets, with its type and where its payload starts and ends.
 * Offsets instead of slices: a dump of 10,000 addresses has 80,000 attributes.
 * @throws {DecodeError} when an attribute is shorter than its header or longer than what holds it
 */
export function eachAttribute(
  bytes: Buffer,
  from: number,
  to: number,
  visit: (type: number, start: number, end: number) => void,
): void {
  let offset = from;
  while (offset + ATTRIBUTE_HEADER <= to) {
    const length = bytes.readUInt16LE(offset);
    if (length < ATTRIBUTE_HEADER || offset + length > to) {
      throw new DecodeError(`an attribute of ${length} bytes stands where ${to - offset} are left`);
    }
    visit(bytes.readUInt16LE(offset + 2) & TYPE_MASK, offset + ATTRIBUTE_HEADER, offset + length);
    offset += aligned(length);
  }
}

function expectSize(start: number, end: number, size: number): void {
  if (end - start < size) {
    throw new DecodeError(`an attribute has ${end - start} bytes of payload where ${size} belong`);
  }
}

/** A u8 payload. */
export function readUint8(bytes: Buffer, start: number, end: number): number {
  expectSize(start, end, 1);
  return bytes.readUInt8(start);
}

/** A u32 payload. */
export function readUint32(bytes: Buffer, start: number, end: number): number {
  expectSize(start, end, 4);
  return bytes.readUInt32LE(start);
}

/** A string payload up to its NUL, if it has one. */
export function readText(bytes: Buffer, start: number, end: number): string {
  const nul = bytes.subarray(start, end).indexOf(0);
  return bytes.toString('utf8', start, nul === -1 ? end : start + nul);
}

/** Builds one message body: a fixed header, then attributes. */
export class BodyWriter {
  readonly #bytes: Buffer;
  #length: number;

  /**
   * @param header the family's fixed structure; its size is a multiple of 4
   * @param capacity bytes that the whole body may need
   */
  constructor(header: Uint8Array, capacity: number) {
    this.#bytes = Buffer.alloc(header.length + capacity);
    this.#bytes.set(header);
    this.#length = header.length;
  }

  /** Appends an attribute with these payload bytes. */
  bytes(type: number, payload: Uint8Array): this {
    this.#bytes.set(payload, this.#open(type, payload.length));
    return this;
  }

  /** Appends a u8. */
  uint8(type: number, value: number): this {
    this.#bytes.writeUInt8(value, this.#open(type, 1));
    return this;
  }

  /** Appends a u32. */
  uint32(type: number, value: number): this {
    this.#bytes.writeUInt32LE(value, this.#open(type, 4));
    return this;
  }

  /** Appends a text with a NUL behind it. */
  text(type: number, value: string): this {
    return this.bytes(type, Buffer.from(`${value}\0`));
  }

  /** The body so far. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #open(type: number, payload: number): number {
    const offset = this.#length;
    this.#bytes.writeUInt16LE(ATTRIBUTE_HEADER + payload, offset);
    this.#bytes.writeUInt16LE(type, offset + 2);
    this.#length = offset + aligned(ATTRIBUTE_HEADER + payload);
    return offset + ATTRIBUTE_HEADER;
  }
}
