import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectVty } from './vty.ts';
import type { VtyConnection } from './vty.ts';

const { signal } = new AbortController();

/** What is at the other end of a daemon's socket: it answers each command, or does what it likes with the socket. */
class ScriptedDaemon implements AsyncDisposable {
  readonly path: string;
  readonly #folder: string;
  readonly #sockets: Socket[] = [];
  readonly #server = createServer((socket) => {
    this.#sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      for (const command of chunk.toString().split('\0').slice(0, -1)) {
        this.answer(command, socket);
      }
    });
  });
  answer: (command: string, socket: Socket) => void = (command, socket) => reply(socket, `${command}!`);

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, 'bgpd.vty');
  }

  static async start(): Promise<ScriptedDaemon> {
    const daemon = new ScriptedDaemon(await mkdtemp(join(tmpdir(), 'fairlead-vty-')));
    daemon.#server.listen(daemon.path);
    await once(daemon.#server, 'listening');
    return daemon;
  }

  open(options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}): Promise<VtyConnection> {
    return connectVty({ name: 'bgpd', path: this.path, signal, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    this.#server.close();
    await rm(this.#folder, { recursive: true });
  }
}

function reply(socket: Socket, text: string, status = 0): void {
  socket.write(Buffer.concat([Buffer.from(text), Buffer.from([0, 0, 0, status])]));
}

describe('a connection to a daemon of FRR', () => {
  it('has each command answered in its turn', async () => {
    await using daemon = await ScriptedDaemon.start();
    const connection = await daemon.open();
    const answers = await Promise.all(
      ['show version', 'show bgp summary json'].map((text) => connection.command(text)),
    );
    expect(answers).toEqual([
      { status: 0, text: 'show version!' },
      { status: 0, text: 'show bgp summary json!' },
    ]);
    connection.close();
  });

  it('brings what a daemon refuses as an answer', async () => {
    await using daemon = await ScriptedDaemon.start();
    const connection = await daemon.open();
    daemon.answer = (_, socket) => reply(socket, '% Unknown command.\n', 2);
    expect(await connection.command('shwo')).toEqual({ status: 2, text: '% Unknown command.\n' });
    connection.close();
  });

  it('is none where the daemon does not let it in', async () => {
    await using daemon = await ScriptedDaemon.start();
    daemon.answer = (_, socket) => reply(socket, '% no', 1);
    await expect(daemon.open()).rejects.toMatchObject({
      code: 'Disconnected',
      message: expect.stringContaining('% no'),
    });
  });

  it('is over for all that wait when the daemon ends', async () => {
    await using daemon = await ScriptedDaemon.start();
    const connection = await daemon.open();
    daemon.answer = (_, socket) => socket.destroy();
    const waiting = ['show version', 'show bgp summary json'].map((text) => connection.command(text));
    for (const result of await Promise.allSettled(waiting)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'Disconnected' } });
    }
    expect(connection.isOpen).toBe(false);
    await expect(connection.command('show version')).rejects.toMatchObject({ code: 'Disconnected' });
  });

  it('is over when an answer is late, so that no answer comes for another question', async () => {
    await using daemon = await ScriptedDaemon.start();
    const connection = await daemon.open({ timeoutMs: 50 });
    daemon.answer = () => undefined;
    await expect(connection.command('show version')).rejects.toMatchObject({
      code: 'TimedOut',
      message: `bgpd did not answer on ${daemon.path} within 50 ms`,
    });
    expect(connection.isOpen).toBe(false);
  });

  it('is over when something else answers', async () => {
    await using daemon = await ScriptedDaemon.start();
    const connection = await daemon.open();
    daemon.answer = (_, socket) => socket.write('HTTP\0/1.1 400');
    await expect(connection.command('show version')).rejects.toMatchObject({ code: 'Disconnected' });
  });

  it('ends with the signal, whatever it waits for', async () => {
    await using daemon = await ScriptedDaemon.start();
    const abort = new AbortController();
    const connection = await daemon.open({ signal: abort.signal });
    daemon.answer = () => abort.abort();
    await expect(connection.command('show version')).rejects.toMatchObject({ code: 'Disconnected' });
  });

  it('says what to do where no daemon is', async () => {
    await using daemon = await ScriptedDaemon.start();
    const missing = connectVty({ name: 'ospfd', path: `${daemon.path}.missing`, signal });
    await expect(missing).rejects.toMatchObject({
      code: 'NotRunning',
      message: expect.stringContaining('start ospfd'),
    });
    await writeFile(`${daemon.path}.left`, '');
    const left = connectVty({ name: 'ospfd', path: `${daemon.path}.left`, signal });
    await expect(left).rejects.toMatchObject({
      code: 'NotRunning',
      message: expect.stringContaining('start ospfd again'),
    });
  });
});
