import { setImmediate as nextTurn } from 'node:timers/promises';
import { NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR } from '../codec/constants.ts';
import { encodeMessage, messages } from '../codec/message.ts';
import { deleteLink } from '../request.ts';
import { DumpSocket } from './dump-socket.ts';
import type { Datagrams } from './netlink-socket.ts';
import { RequestSocket } from './request-socket.ts';

/** What the kernel answers to a datagram, given the sequence numbers in it. */
type Answer = (sequences: readonly number[]) => readonly (Buffer | 'overrun')[];

/** A kernel that gives these answers, one for each datagram; the last one again and again. */
function kernel(...answers: readonly Answer[]): Datagrams & { asked: number } {
  const queue: (Buffer | 'overrun')[] = [];
  return {
    asked: 0,
    send(bytes) {
      const answer = answers[Math.min(this.asked, answers.length - 1)];
      this.asked++;
      queue.push(...(answer?.(Array.from(messages(bytes), ({ sequence }) => sequence)) ?? []));
    },
    receive: () => queue.shift(),
  };
}

/** An entry of a dump; its type is what the tests read from it. */
function entry(type: number, sequence: number, flags = 0): Buffer {
  return encodeMessage({ type, flags, sequence, body: Buffer.alloc(4) });
}

function status(type: number, sequence: number, errno = 0): Buffer {
  const body = Buffer.alloc(20);
  body.writeInt32LE(-errno);
  return encodeMessage({ type, flags: 0, sequence, body });
}

const whole: Answer = ([sequence = 0]) => [entry(100, sequence), entry(101, sequence), status(NLMSG_DONE, sequence)];
const interrupted: Answer = ([sequence = 0]) => [
  entry(100, sequence),
  entry(102, sequence, NLM_F_DUMP_INTR),
  status(NLMSG_DONE, sequence),
];

const late: Answer = ([sequence = 0]) => [
  entry(103, sequence - 1),
  status(NLMSG_DONE, sequence - 1),
  ...whole([sequence]),
];
const refused: Answer = ([sequence = 0]) => [status(NLMSG_ERROR, sequence, 22)];
const acknowledged: Answer = (sequences) => sequences.map((sequence) => status(NLMSG_ERROR, sequence));

const request = {
  description: 'list things',
  type: 18,
  body: Buffer.alloc(16),
  decode: ({ type }: { type: number }) => (type === 101 ? undefined : type),
};

describe('DumpSocket', () => {
  it('returns what decode makes of the entries', async () => {
    expect(await new DumpSocket(kernel(whole)).dump(request)).toEqual([100]);
  });

  it('asks again after an interrupted dump, and forgets its entries', async () => {
    const system = kernel(interrupted, interrupted, whole);
    expect(await new DumpSocket(system).dump(request)).toEqual([100]);
    expect(system.asked).toBe(3);
  });

  it('gives up on a table that never stands still', async () => {
    const system = kernel(interrupted);
    await expect(new DumpSocket(system).dump(request)).rejects.toMatchObject({ code: 'EINTR' });
    expect(system.asked).toBe(16);
  });

  it.each<[string, Answer]>([
    ['lost a piece', ([sequence = 0]) => [entry(100, sequence), 'overrun', status(NLMSG_DONE, sequence)]],
    ['ends in the middle', ([sequence = 0]) => [entry(100, sequence)]],
  ])('asks again after a dump that %s', async (_, damaged) => {
    expect(await new DumpSocket(kernel(damaged, whole)).dump(request)).toEqual([100]);
  });

  it('takes no answer to another question', async () => {
    expect(await new DumpSocket(kernel(late)).dump(request)).toEqual([100]);
  });

  it.each([NLMSG_ERROR, NLMSG_DONE])('reports a refusal that comes in a message of type %d', async (type) => {
    const system = kernel(([sequence = 0]) => [status(type, sequence, 22)]);
    await expect(new DumpSocket(system).dump(request)).rejects.toMatchObject({
      code: 'EINVAL',
      message: expect.stringContaining('cannot list things'),
    });
    expect(system.asked).toBe(1);
  });

  it('is empty where the refusal means that there is nothing', async () => {
    expect(await new DumpSocket(kernel(refused)).dump({ ...request, emptyWhen: 22 })).toEqual([]);
  });

  it('does one dump after the other, also behind one that failed', async () => {
    const system = kernel(refused, whole, whole);
    const socket = new DumpSocket(system);
    const outcomes = Promise.allSettled([socket.dump(request), socket.dump(request), socket.dump(request)]);
    await nextTurn();
    expect(system.asked).toBeLessThan(3);
    expect((await outcomes).map((outcome) => outcome.status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  });
});

describe('RequestSocket', () => {
  const requests = Array.from({ length: 100 }, (_, index) => deleteLink(index));

  it('sends no more than 32 at once, and everything', async () => {
    const sizes: number[] = [];
    const system = kernel((sequences) => {
      sizes.push(sequences.length);
      return acknowledged(sequences);
    });
    const results = await new RequestSocket(system).execute(requests);
    expect(results).toEqual(requests.map(() => ({ ok: true })));
    expect(Math.max(...sizes)).toBe(32);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(100);
  });

  it('puts every answer to its request, in whatever order they come', async () => {
    const system = kernel((sequences) =>
      sequences.map((sequence) => status(NLMSG_ERROR, sequence, sequence % 2 === 0 ? 19 : 0)).toReversed(),
    );
    const results = await new RequestSocket(system).execute(requests.slice(0, 4));
    expect(results.map((result) => (result.ok ? 'ok' : result.error.message))).toEqual([
      'ok',
      'cannot delete interface 1: no such device (ENODEV)',
      'ok',
      'cannot delete interface 3: no such device (ENODEV)',
    ]);
  });

  it('does not call a request done whose answer was lost', async () => {
    const system = kernel((sequences) => [...acknowledged(sequences.slice(0, 1)), 'overrun']);
    const [first, second] = await new RequestSocket(system).execute(requests.slice(0, 2));
    expect(first).toEqual({ ok: true });
    expect(second).toMatchObject({
      ok: false,
      error: { code: 'ENOBUFS', message: expect.stringContaining('unknown') },
    });
  });

  it('takes no late answer for an answer to the next batch', async () => {
    const system = kernel(
      (sequences) => [status(NLMSG_ERROR, sequences[0] ?? 0), Buffer.alloc(16, 1)],
      () => [],
    );
    const socket = new RequestSocket(system);
    await expect(socket.execute(requests.slice(0, 2))).rejects.toThrow('a message of');
    const [result] = await socket.execute(requests.slice(0, 1));
    expect(result?.ok).toBe(false);
  });

  it('does nothing for nothing', async () => {
    const system = kernel(acknowledged);
    expect(await new RequestSocket(system).execute([])).toEqual([]);
    expect(system.asked).toBe(0);
  });
});
