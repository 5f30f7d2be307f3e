import { readFileSync } from 'node:fs';
import { NLMSG_DONE, RTM_NEWLINK } from './codec/constants.ts';
import { encodeMessage, messages } from './codec/message.ts';
import type { NetlinkEvent } from './event.ts';
import { decodeEvent } from './event.ts';
import { capturedStep, receivedMessages } from './testing/capture.ts';

/** What a bond of mode active-backup said when another port was chosen: recorded, for few kernels at hand have bonds. */
const failover = JSON.parse(readFileSync(new URL('../testdata/bond-failover.json', import.meta.url), 'utf8')) as {
  readonly received: readonly string[];
};

function eventsOf(datagrams: readonly Buffer[]): (NetlinkEvent | undefined)[] {
  return datagrams.flatMap((bytes) => [...messages(bytes)].map(decodeEvent));
}

describe('why the kernel tells of a link that looks as before', () => {
  it('is that a bond sends by another port, and that neighbours are to hear of it', () => {
    const events = eventsOf(failover.received.map((text) => Buffer.from(text, 'hex')));
    expect(events).toMatchObject([
      { type: 'link', action: 'new', cause: 'bonding-failover', link: { name: 'bond0', kind: 'bond' } },
      { type: 'link', action: 'new', cause: 'notify-peers', link: { name: 'bond0', kind: 'bond' } },
    ]);
  });

  it.each([1, 2, 5, 6, 7])('is nothing to tell neighbours of where it is event %d', (event) => {
    const [recorded = ''] = failover.received;
    const bytes = Buffer.from(recorded, 'hex');
    // struct nlattr of IFLA_EVENT: 8 bytes long, type 44, then the event.
    bytes.writeUInt32LE(event, bytes.indexOf(Buffer.from('08002c0003000000', 'hex')) + 4);
    expect(eventsOf([bytes])).not.toMatchObject([{ cause: expect.anything() as unknown }]);
  });

  it('is not said in a reading of all links', () => {
    const events = receivedMessages(capturedStep('-j -d link show'), RTM_NEWLINK).map(decodeEvent);
    expect(events.length).toBeGreaterThan(3);
    expect(events.filter((event) => event?.type === 'link' && event.cause !== undefined)).toEqual([]);
  });
});

it('what is no link, address, route or neighbour is no event', () => {
  const bytes = encodeMessage({ type: NLMSG_DONE, flags: 0, sequence: 1, body: Buffer.alloc(4) });
  expect(eventsOf([bytes])).toEqual([undefined]);
});
