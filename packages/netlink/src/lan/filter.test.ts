import { recordedFrames } from '../testing/frames.ts';
import { ARP_FILTER, encodeFilter, NEIGHBOUR_DISCOVERY_FILTER } from './filter.ts';

const HOST = 0;
const MULTICAST = 2;
const OTHERHOST = 3;

/** Runs a filter as the kernel does; how many bytes of the packet it lets through. */
function run(filter: typeof ARP_FILTER, packet: Buffer, packetType: number): number {
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

const arp = recordedFrames().filter(({ text }) => text.startsWith('ARP'));
const discovery = recordedFrames().filter(({ text }) => text.startsWith('IP6'));

describe('filters', () => {
  it.each(arp)('let through $text', ({ bytes }) => {
    expect(run(ARP_FILTER, bytes, HOST)).toBe(0xffff_ffff);
    expect(run(ARP_FILTER, bytes, OTHERHOST)).toBe(0);
  });

  it.each(discovery)('let through $text', ({ bytes }) => {
    expect(run(NEIGHBOUR_DISCOVERY_FILTER, bytes, MULTICAST)).toBe(0xffff_ffff);
    expect(run(NEIGHBOUR_DISCOVERY_FILTER, bytes, OTHERHOST)).toBe(0);
  });

  it.each([
    ['router advertisements', 54, 134],
    ['redirects', 54, 137],
    ['echoes', 54, 128],
    ['TCP', 20, 6],
  ])('keep out %s', (_, offset, value) => {
    const bytes = Buffer.from(discovery[0]?.bytes ?? []);
    bytes[offset] = value;
    expect(run(NEIGHBOUR_DISCOVERY_FILTER, bytes, HOST)).toBe(0);
  });

  it('are eight bytes an instruction for the kernel', () => {
    expect(encodeFilter(ARP_FILTER).toString('hex')).toBe(
      ['3000000004f0ffff', '1500010003000000', '06000000ffffffff', '0600000000000000'].join(''),
    );
  });
});
