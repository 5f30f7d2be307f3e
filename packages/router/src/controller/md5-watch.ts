import { readFile } from 'node:fs/promises';
import type { RouterView } from '../view/view.ts';
import type { ObservedSession } from './daemon.ts';

/** Segments that the kernel has dropped for their TCP MD5 signature (RFC 2385), since the network namespace began. */
export interface MD5Counters {
  /** The signature was another than the password makes. */
  readonly failure: number;
  /** There was none, where a password is set. */
  readonly notFound: number;
  /** There was one, where no password is set. */
  readonly unexpected: number;
}

/** Reads /proc/net/netstat: pairs of lines, names and values, that begin with the same word. */
export function parseMD5Counters(netstat: string): MD5Counters | undefined {
  const [names = [], values = []] = netstat
    .split('\n')
    .filter((line) => line.startsWith('TcpExt: '))
    .map((line) => line.split(' '));
  const read = (name: string): number => Number(values[names.indexOf(name)]);
  const counters = {
    failure: read('TCPMD5Failure'),
    notFound: read('TCPMD5NotFound'),
    unexpected: read('TCPMD5Unexpected'),
  };
  return Object.values(counters).every(Number.isSafeInteger) ? counters : undefined;
}

export interface MD5WatchOptions {
  /** The kernel's counters of the network namespace that the daemon is in. Default: this process's. */
  readonly netstatPath?: string | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** So long a rise explains a session that is not up: both sides try at least this often. */
const EVIDENCE_MS = 300_000;
/** A session that has come this far without an answer has had the time for one. */
const SILENCE_MS = 10_000;

type Evidence = keyof MD5Counters;

/**
 * Says of BGP sessions that do not come up where their passwords look different. The kernel drops segments with a wrong
 * signature before any daemon hears of them, and tells it by three counters only.
 */
export class MD5Watch {
  readonly #options: MD5WatchOptions;
  #counters: MD5Counters | undefined;
  /** When each counter was last seen to have risen. */
  readonly #risen = new Map<Evidence, number>();
  /** Since when each session is down without a word; by name. */
  readonly #silent = new Map<string, number>();

  constructor(options: MD5WatchOptions) {
    this.#options = options;
  }

  /** The sessions, with a message for those that passwords keep down. Reads nothing while all are up. */
  async explain(
    sessions: readonly ObservedSession[],
    view: RouterView | undefined,
  ): Promise<readonly ObservedSession[]> {
    const down = sessions.filter(({ protocol, isUp }) => protocol === 'BGP' && !isUp);
    this.#forgetSilence(down);
    if (this.#counters !== undefined && down.length === 0) {
      this.#risen.clear();
      return sessions;
    }
    await this.#look();
    const secrets = new Map(
      (view?.bgp.neighbors ?? []).map(({ name, passwordSecret }) => [String(name), String(passwordSecret)]),
    );
    return sessions.map((session) => {
      const secret = secrets.get(session.name);
      const explanation =
        down.includes(session) && secret !== undefined ? this.#explanation(session, secret) : undefined;
      return explanation === undefined
        ? session
        : { ...session, message: session.message === '' ? explanation : `${explanation}. ${session.message}` };
    });
  }

  async #look(): Promise<void> {
    const counters = parseMD5Counters(
      await readFile(this.#options.netstatPath ?? '/proc/net/netstat', 'utf8').catch(() => ''),
    );
    const before = this.#counters;
    this.#counters = counters ?? before;
    if (counters === undefined || before === undefined) {
      return;
    }
    const now = this.#options.now();
    for (const evidence of ['failure', 'notFound', 'unexpected'] as const) {
      if (counters[evidence] > before[evidence]) {
        this.#risen.set(evidence, now);
      } else if (now - (this.#risen.get(evidence) ?? now) > EVIDENCE_MS) {
        this.#risen.delete(evidence);
      }
    }
  }

  /** @param secret name of the Secret with the session's password; empty: it has none */
  #explanation({ name, message }: ObservedSession, secret: string): string | undefined {
    if (secret === '') {
      return this.#risen.has('unexpected')
        ? 'the neighbor signs with a password and none is set here (the kernel counts TCPMD5Unexpected); write passwordSecret'
        : undefined;
    }
    const failure = this.#risen.get('failure') ?? -Infinity;
    const notFound = this.#risen.get('notFound') ?? -Infinity;
    // The newer one counts: who mends one thing may meet the other.
    if (failure > -Infinity && failure >= notFound) {
      return `the password is not the neighbor's (the kernel counts TCPMD5Failure); compare the Secret ${secret} with the neighbor's configuration`;
    }
    if (notFound > -Infinity) {
      return 'the neighbor signs with no password (the kernel counts TCPMD5NotFound); set it there too, or leave passwordSecret out';
    }
    const now = this.#options.now();
    const since = this.#silent.get(name) ?? now;
    this.#silent.set(name, since);
    return message === '' && now - since >= SILENCE_MS
      ? `the neighbor does not answer; one with another password, or with none, is silent too: compare the Secret ${secret} with its configuration`
      : undefined;
  }

  #forgetSilence(down: readonly ObservedSession[]): void {
    const names = new Set(down.map(({ name }) => name));
    for (const name of this.#silent.keys()) {
      if (!names.has(name)) {
        this.#silent.delete(name);
      }
    }
  }
}
