import { once } from 'node:events';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectControl, ControlError } from './client.ts';

describe('the control socket', () => {
  let folder: string;
  let path: string;
  let server: Server;
  let sockets: Socket[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-control-'));
    path = join(folder, 'bird.ctl');
    sockets = [];
  });

  afterEach(async () => {
    for (const socket of sockets) {
      socket.destroy();
    }
    server?.close();
    await rm(folder, { recursive: true });
  });

  /** What is at the other end: text for each connection, and for each line that it receives. */
  async function serve(
    greeting: string,
    answer: (line: string, socket: Socket) => void = () => undefined,
  ): Promise<void> {
    server = createServer((socket) => {
      sockets.push(socket);
      socket.write(greeting);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        for (const line of chunk.toString().trimEnd().split('\n')) {
          answer(line, socket);
        }
      });
    });
    server.listen(path);
    await once(server, 'listening');
  }

  const GREETING = '0001 BIRD 2.0.12 ready.\n';

  it('answers commands in their order', async () => {
    await serve(GREETING, (line, socket) => socket.write(`1000-${line}\n0000 \n`));
    const connection = await connectControl({ path });
    const replies = await Promise.all(['one', 'two', 'three'].map((text) => connection.command(text)));
    expect(replies.map(({ lines }) => lines[0]?.text)).toEqual(['one', 'two', 'three']);
    connection.close();
    expect(connection.isOpen).toBe(false);
  });

  it('that is not there says to start BIRD', async () => {
    await expect(connectControl({ path })).rejects.toMatchObject({
      code: 'NotRunning',
      message: expect.stringContaining('start bird -f'),
    });
  });

  it('of a BIRD that has ended is as good as none', async () => {
    await serve(GREETING);
    // A listener that goes away without removing its file, as after SIGKILL.
    const moved = `${path}.moved`;
    await rename(path, moved);
    server.close();
    await rename(moved, path);
    await expect(connectControl({ path })).rejects.toMatchObject({ code: 'NotRunning' });
  });

  it('that does not greet in time is given up', async () => {
    await serve('');
    await expect(connectControl({ path, timeoutMs: 20 })).rejects.toMatchObject({ code: 'TimedOut' });
  });

  it('of another program is refused', async () => {
    await serve('220 mail.example.com ESMTP\n');
    await expect(connectControl({ path })).rejects.toMatchObject({ code: 'Disconnected' });
    await expect(connectControl({ path })).rejects.toBeInstanceOf(ControlError);
  });

  it('that closes in the middle of an answer fails every command that waits', async () => {
    await serve(GREETING, (_, socket) => socket.end('1002-half an ans'));
    const connection = await connectControl({ path });
    const outcomes = await Promise.allSettled([connection.command('one'), connection.command('two')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(connection.command('three')).rejects.toMatchObject({ code: 'Disconnected' });
  });

  it('is closed by its signal, while it is being made too', async () => {
    await serve('');
    const abort = new AbortController();
    const connecting = connectControl({ path, signal: abort.signal });
    await once(server, 'connection');
    abort.abort();
    await expect(connecting).rejects.toMatchObject({ code: 'Disconnected' });
  });
});
