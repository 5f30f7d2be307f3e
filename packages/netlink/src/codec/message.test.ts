import { DecodeError, NetlinkError } from '../errors.ts';
import { capturedStep, receivedMessages } from '../testing/capture.ts';
import { NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSG_DONE, NLMSG_ERROR } from './constants.ts';
import type { Message } from './message.ts';
import { decodeDone, decodeError, encodeMessage, MESSAGE_HEADER, messages } from './message.ts';

function only(bytes: Buffer): Message {
  const [message, ...others] = messages(bytes);
  if (message === undefined || others.length > 0) {
    throw new Error('expected one message');
  }
  return message;
}

/** An extended acknowledgement as NETLINK_CAP_ACK leaves it: the request's header, then offset and text. */
function cappedError(errno: number): Message {
  const body = Buffer.concat([
    Buffer.alloc(4),
    Buffer.from('28000000140005060100000000000000', 'hex'),
    Buffer.from('0800020018000000', 'hex'),
    Buffer.from('0b0001006e6f206865726500', 'hex'),
  ]);
  body.writeInt32LE(-errno);
  return only(encodeMessage({ type: NLMSG_ERROR, flags: NLM_F_CAPPED | NLM_F_ACK_TLVS, sequence: 1, body }));
}

function answerTo(command: string, status: number): Message {
  const answer = receivedMessages(capturedStep(command), NLMSG_ERROR).at(-1);
  expect(capturedStep(command).status).toBe(status);
  if (answer === undefined) {
    throw new Error('nothing was answered');
  }
  return answer;
}

describe('decodeError', () => {
  it('takes an acknowledgement for success', () => {
    expect(decodeError(answerTo('link add kube-lb0 type ifb', 0))).toBeUndefined();
  });

  it('reads the number and the sentence of a refusal behind the whole request', () => {
    expect(decodeError(answerTo('route add 203.0.115.0/24 via inet6 2001:db8::2 dev kube-lb0', 2))).toEqual({
      errno: 22,
      kernelMessage: 'Gateway can not be a local address',
      offset: undefined,
    });
  });

  it('reads them behind a request that is cut to its header', () => {
    expect(decodeError(cappedError(22))).toEqual({ errno: 22, kernelMessage: 'no here', offset: 24 });
  });

  it('refuses one without a number', () => {
    const empty = only(encodeMessage({ type: NLMSG_ERROR, flags: 0, sequence: 1, body: Buffer.alloc(0) }));
    expect(() => decodeError(empty)).toThrow(DecodeError);
  });
});

describe('decodeDone', () => {
  it('is content with the end of a dump', () => {
    const done = receivedMessages(capturedStep('-j addr show'), NLMSG_DONE);
    expect(done.map(decodeDone)).toEqual([undefined, undefined]);
  });

  it('reads why a dump failed', () => {
    const body = Buffer.alloc(4);
    body.writeInt32LE(-19);
    const done = only(encodeMessage({ type: NLMSG_DONE, flags: 0, sequence: 1, body }));
    expect(decodeDone(done)).toEqual({ errno: 19 });
  });
});

describe('messages', () => {
  it('walks through a datagram of several, whatever their padding', () => {
    const parts = [1, 2, 3].map((sequence) =>
      encodeMessage({ type: 16, flags: sequence, sequence, body: Buffer.alloc(sequence) }),
    );
    const seen = [...messages(Buffer.concat(parts))].map(({ sequence, flags, start, end }) => [
      sequence,
      flags,
      end - start,
    ]);
    expect(seen).toEqual([
      [1, 1, 1],
      [2, 2, 2],
      [3, 3, 3],
    ]);
  });

  it.each([
    ['shorter than its own header', MESSAGE_HEADER - 1],
    ['longer than the datagram', 100],
  ])('refuses a message %s', (_, length) => {
    const bytes = encodeMessage({ type: 16, flags: 0, sequence: 1, body: Buffer.alloc(8) });
    bytes.writeUInt32LE(length);
    expect(() => [...messages(bytes)]).toThrow(DecodeError);
  });
});

describe('NetlinkError', () => {
  it('says what was asked, what the kernel answered, and its symbol', () => {
    const error = new NetlinkError('add address 192.0.2.1/32 to interface 2', {
      errno: 17,
      kernelMessage: 'ipv4: Address already assigned',
    });
    expect(error.code).toBe('EEXIST');
    expect(error.message).toBe(
      'cannot add address 192.0.2.1/32 to interface 2: file already exists (EEXIST): ipv4: Address already assigned',
    );
  });

  it('says which capability is missing', () => {
    expect(new NetlinkError('delete interface 2', { errno: 1 }).message).toMatch(
      /EPERM\); .*lacks CAP_NET_ADMIN.*NET_ADMIN/,
    );
  });

  it('keeps numbers that have no name', () => {
    expect(new NetlinkError('delete interface 2', { errno: 524 })).toMatchObject({ code: 'ERRNO_524', errno: 524 });
  });
});
