import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const GREETING = '0001 BIRD 2.0.12 ready.\n';

/** What is at the other end of a control socket: says the greeting, and whatever `answer` does with each line. */
export class ScriptedBird implements AsyncDisposable {
  readonly folder: string;
  readonly path: string;
  readonly server: Server;
  /** The lines that came, of all connections. */
  readonly lines: string[] = [];
  readonly #sockets: Socket[] = [];

  private constructor(folder: string, greeting: string, answer: (line: string, socket: Socket) => void) {
    this.folder = folder;
    this.path = join(folder, 'bird.ctl');
    this.server = createServer((socket) => {
      this.#sockets.push(socket);
      socket.write(greeting);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        for (const line of chunk.toString().trimEnd().split('\n')) {
          this.lines.push(line);
          answer(line, socket);
        }
      });
    });
  }

  static async start(
    greeting = GREETING,
    answer: (line: string, socket: Socket) => void = () => undefined,
  ): Promise<ScriptedBird> {
    const bird = new ScriptedBird(await mkdtemp(join(tmpdir(), 'fairlead-control-')), greeting, answer);
    bird.server.listen(bird.path);
    await once(bird.server, 'listening');
    return bird;
  }

  /** Says something to everybody who is connected. */
  say(text: string): void {
    for (const socket of this.#sockets) {
      socket.write(text);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    this.server.close();
    await rm(this.folder, { recursive: true });
  }
}
