import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A network namespace that lives as long as a process of its own. */
export interface Namespace extends AsyncDisposable {
  /** For `openNetlink` and `openLanSocket`. */
  readonly path: string;
  /** Runs `ip` with these words in it; what it prints. @throws when `ip` fails */
  ip(words: string): string;
  /** Runs `ip -j` with these words; what it prints, parsed. */
  ipJson(words: string): readonly Readonly<Record<string, unknown>>[];
  /** Runs lines of `ip -batch`, each whether or not those before it succeeded. */
  ipBatch(lines: readonly string[]): void;
  /** Runs a program in it. */
  run(program: string, ...args: readonly string[]): string;
}

/** A process that holds a new namespace and dies with this one, however that ends, so that nothing is left behind. */
const HOLDER = ['--pdeathsig', 'KILL', 'unshare', '--net', 'sh', '-c', 'echo ready && exec sleep infinity'];

/** Makes a namespace with its loopback interface up. Needs root. */
export async function makeNamespace(): Promise<Namespace> {
  const holder = spawn('setpriv', HOLDER, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  const path = `/proc/${holder.pid}/ns/net`;
  const run = (program: string, ...args: readonly string[]): string =>
    execFileSync('nsenter', [`--net=${path}`, program, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const ip = (words: string): string => run('ip', ...words.split(' '));
  ip('link set lo up');
  return {
    path,
    run,
    ip,
    ipJson: (words) => JSON.parse(ip(`-j ${words}`)) as readonly Readonly<Record<string, unknown>>[],
    ipBatch: (lines) => {
      const stdio = ['pipe', 'ignore', 'ignore'] as const;
      execFileSync('nsenter', [`--net=${path}`, 'ip', '-force', '-batch', '-'], {
        input: lines.join('\n'),
        stdio: [...stdio],
      });
    },
    [Symbol.asyncDispose]: async () => {
      const ended = once(holder, 'exit');
      holder.kill('SIGKILL');
      await ended;
    },
  };
}

/** Two namespaces joined by a cable, `eth0` in each, up, with 192.0.2.1 and .2, 2001:db8::1 and ::2. */
export async function makeCable(): Promise<readonly [Namespace, Namespace]> {
  const ends = [await makeNamespace(), await makeNamespace()] as const;
  const [one, other] = ends;
  const pid = /\d+/.exec(other.path)?.[0] ?? '';
  one.ip(`link add eth0 type veth peer name eth0 netns ${pid}`);
  for (const [number, end] of ends.entries()) {
    // Without duplicate address detection, link-local addresses can be used at once.
    end.run('sysctl', '-qw', 'net.ipv6.conf.eth0.accept_dad=0');
    end.ip('link set eth0 up');
    end.ip(`addr add 192.0.2.${number + 1}/24 dev eth0`);
    end.ip(`addr add 2001:db8::${number + 1}/64 dev eth0 nodad`);
  }
  return ends;
}

/** The first thing that `look` returns when it is called with each event of the socket. */
export function eventually<Event, T>(
  socket: { subscribe(listener: (event: Event) => void): () => void },
  look: (event: Event) => T | undefined,
): Promise<T> {
  return new Promise((resolve) => {
    const stop = socket.subscribe((event) => {
      const found = look(event);
      if (found !== undefined) {
        stop();
        resolve(found);
      }
    });
  });
}
