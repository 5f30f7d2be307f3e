import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A direction of bytes. */
export type Direction = 'to-server' | 'to-client';

export interface HoldOptions {
  /** Default: both. */
  readonly directions?: readonly Direction[];
  /** Connections that come from now on are held as well; default false. They are accepted, and nothing flows. */
  readonly coming?: boolean;
}

const BOTH: readonly Direction[] = ['to-server', 'to-client'];

/**
 * Stands between clients and a TCP server of this machine, knows nothing of what they say, and can hold it back: a network
 * that has become a black hole without telling anybody. No connection ends that way: both sides keep theirs, and neither
 * hears that the other has given up. What is held is kept, as a network or a kernel keeps it, and can be let through later.
 */
export class TcpRelay implements AsyncDisposable {
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #waiting = new Set<() => void>();
  #heldFromBirth: readonly Direction[] = [];
  #held = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param port of the server, on 127.0.0.1 */
  static async start({ port }: { readonly port: number }): Promise<TcpRelay> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const relay = new TcpRelay(server);
    server.on('connection', (client) => relay.#accept(client, port));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return relay;
  }

  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  /** Nothing goes on in these directions on the connections that there are, until {@link release}. */
  hold({ directions = BOTH, coming = false }: HoldOptions = {}): void {
    this.#heldFromBirth = coming ? directions : [];
    for (const link of this.#links) {
      link.hold(directions);
    }
  }

  /** Connections that come from now on work; those that are held stay so. */
  admit(): void {
    this.#heldFromBirth = [];
  }

  /** Lets through what was held, in its order, also of clients that have given up meanwhile, and holds nothing more. */
  release(): void {
    this.admit();
    for (const link of this.#links) {
      link.release();
    }
  }

  /** Resolves when so many pieces from clients, each a request or a part of one, have been held since the start. */
  async untilHeld(pieces: number): Promise<void> {
    while (this.#held < pieces) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const link of this.#links) {
      link.destroy();
    }
    await once(this.#server, 'close');
  }

  #accept(client: Socket, port: number): void {
    const link = new Link(client, connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true }), () =>
      this.#count(),
    );
    link.hold(this.#heldFromBirth);
    this.#links.add(link);
    link.closed.then(
      () => this.#links.delete(link),
      () => {},
    );
  }

  #count(): void {
    this.#held += 1;
    for (const resolve of this.#waiting) {
      resolve();
    }
    this.#waiting.clear();
  }
}

/** One client's connection and the one that stands for it at the server. */
class Link {
  /** When both sides have ended. */
  readonly closed: Promise<unknown>;
  readonly #ends: readonly Socket[];
  readonly #flows: Readonly<Record<Direction, Flow>>;

  constructor(client: Socket, server: Socket, onHeldRequest: () => void) {
    this.#ends = [client, server];
    this.#flows = {
      'to-server': new Flow(client, server, onHeldRequest),
      'to-client': new Flow(server, client, () => {}),
    };
    this.closed = Promise.all(
      this.#ends.map(async (socket) => await new Promise((resolve) => socket.once('close', resolve))),
    );
  }

  hold(directions: readonly Direction[]): void {
    for (const direction of directions) {
      this.#flows[direction].hold();
    }
  }

  release(): void {
    for (const flow of Object.values(this.#flows)) {
      flow.release();
    }
  }

  destroy(): void {
    for (const socket of this.#ends) {
      socket.destroy();
    }
  }
}

/** One direction of a connection. */
class Flow {
  readonly #to: Socket;
  readonly #kept: Buffer[] = [];
  #holding = false;
  /** Was it ever held? Then its end is not passed on: whoever reads late must not know that nobody waits any more. */
  #wasHeld = false;

  constructor(from: Socket, to: Socket, onHeld: () => void) {
    this.#to = to;
    from.on('data', (bytes: Buffer) => {
      if (this.#holding) {
        this.#kept.push(bytes);
        onHeld();
      } else {
        this.#write(bytes);
      }
    });
    from.on('error', () => {}); // 'close' follows
    from.on('end', () => this.#end());
    from.on('close', () => this.#end());
  }

  hold(): void {
    this.#holding = true;
    this.#wasHeld = true;
  }

  release(): void {
    this.#holding = false;
    for (const bytes of this.#kept.splice(0)) {
      this.#write(bytes);
    }
  }

  #write(bytes: Buffer): void {
    if (this.#to.writable) {
      this.#to.write(bytes);
    }
  }

  #end(): void {
    if (!this.#wasHeld && this.#to.writable) {
      this.#to.end();
    }
  }
}
