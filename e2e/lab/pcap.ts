/** One captured frame. */
export interface CapturedFrame {
  /** When the kernel saw it, milliseconds since 1970 with fractions. */
  readonly at: number;
  readonly bytes: Buffer;
}

const MAGIC_NANOSECONDS = 0xa1_b2_3c_4d;
const MAGIC_MICROSECONDS = 0xa1_b2_c3_d4;
const FILE_HEADER = 24;
const PACKET_HEADER = 16;

/** Reads a pcap stream (draft-ietf-opsawg-pcap, in this machine's byte order) in pieces of any size. */
export class PcapReader {
  #rest: Buffer = Buffer.alloc(0);
  #fractionsPerMs: number | undefined;

  /** Has the file header come: is the capture running? */
  get started(): boolean {
    return this.#fractionsPerMs !== undefined;
  }

  /** The frames that are complete with this piece. @throws {Error} when it is not pcap */
  push(piece: Buffer): CapturedFrame[] {
    this.#rest = Buffer.concat([this.#rest, piece]);
    if (this.#fractionsPerMs === undefined) {
      if (this.#rest.length < FILE_HEADER) return [];
      const magic = this.#rest.readUInt32LE(0);
      if (magic !== MAGIC_NANOSECONDS && magic !== MAGIC_MICROSECONDS)
        throw new Error(`not a pcap stream: magic ${magic.toString(16)}`);
      this.#fractionsPerMs = magic === MAGIC_NANOSECONDS ? 1_000_000 : 1_000;
      this.#rest = this.#rest.subarray(FILE_HEADER);
    }
    const frames: CapturedFrame[] = [];
    while (this.#rest.length >= PACKET_HEADER) {
      const captured = this.#rest.readUInt32LE(8);
      if (this.#rest.length < PACKET_HEADER + captured) break;
      const at = this.#rest.readUInt32LE(0) * 1000 + this.#rest.readUInt32LE(4) / this.#fractionsPerMs;
      frames.push({ at, bytes: Buffer.from(this.#rest.subarray(PACKET_HEADER, PACKET_HEADER + captured)) });
      this.#rest = this.#rest.subarray(PACKET_HEADER + captured);
    }
    return frames;
  }
}
