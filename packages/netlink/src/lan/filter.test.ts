import { recordedFrames } from '../testing/frames.ts';
import { arpFilter, encodeFilter, neighbourDiscoveryFilter } from './filter.ts';

const HOST = 0;
const BROADCAST = 1;
const MULTICAST = 2;
const OTHERHOST = 3;

/** Runs a filter as the kernel does; how many bytes of the packet it lets through. */
function run(filter: ReturnType<typeof arpFilter>, packet: Buffer, packetType: number): number {
  let accumulator = 0;
  for (let at = 0; at < filter.length; at++) {
    const instruction = filter[at];
    if (instruction === undefined) {
      break;
    }
    const { code, jt, jf, k } = instruction;
    const jump = (holds: boolean): void => {
      at += holds ? jt : jf;
    };
    switch (code) {
      case 0x30: {
        if (k < 0xffff_f000 && k >= packet.length) {
          return 0;
        }
        accumulator = k >= 0xffff_f000 ? packetType : packet.readUInt8(k);
        break;
      }
      case 0x15:
        jump(accumulator === k);
        break;
      case 0x25:
        jump(accumulator > k);
        break;
      case 0x35:
        jump(accumulator >= k);
        break;
      case 0x06:
        return k;
      default:
        throw new Error(`instruction ${code}`);
    }
  }
  throw new Error('a filter without an end');
}

/** Whose filter lets the packet through, as a whole. */
function audiencesOf(filter: typeof arpFilter, packet: Buffer, packetType: number): string[] {
  return (['station', 'group'] as const).filter(
    (audience) => run(filter(audience), packet, packetType) === 0xffff_ffff,
  );
}

const arp = recordedFrames().filter(({ text }) => text.startsWith('ARP'));
const discovery = recordedFrames().filter(({ text }) => text.startsWith('IP6'));

describe('filters', () => {
  it.each(arp)('let through $text to whom it may concern', ({ bytes }) => {
    const audience = (type: number): string[] => audiencesOf(arpFilter, bytes, type);
    expect(audience(HOST)).toEqual(['station']);
    expect(audience(BROADCAST)).toEqual(['group']);
    expect(audience(MULTICAST)).toEqual(['group']);
    expect(audience(OTHERHOST)).toEqual([]);
  });

  it.each(discovery)('let through $text to whom it may concern', ({ bytes }) => {
    const audience = (type: number): string[] => audiencesOf(neighbourDiscoveryFilter, bytes, type);
    expect(audience(HOST)).toEqual(['station']);
    expect(audience(BROADCAST)).toEqual(['group']);
    expect(audience(MULTICAST)).toEqual(['group']);
    expect(audience(OTHERHOST)).toEqual([]);
  });

  it.each([
    ['router advertisements', 54, 134],
    ['redirects', 54, 137],
    ['echoes', 54, 128],
    ['TCP', 20, 6],
  ])('keep out %s', (_, offset, value) => {
    const bytes = Buffer.from(discovery[0]?.bytes ?? []);
    bytes[offset] = value;
    expect(audiencesOf(neighbourDiscoveryFilter, bytes, HOST)).toEqual([]);
  });

  it('are eight bytes an instruction for the kernel', () => {
    expect(encodeFilter(arpFilter('group')).toString('hex')).toBe(
      ['3000000004f0ffff', '3500000201000000', '2500010002000000', '06000000ffffffff', '0600000000000000'].join(''),
    );
  });
});
