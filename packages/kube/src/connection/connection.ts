import type { Logger } from '../logger.ts';
import { openPools, type Pools } from './pools.ts';
import type { ConnectionSettings, SettingsSource } from './settings.ts';

/** Settings and the pools that were opened with them. */
export interface Connection {
  readonly settings: ConnectionSettings;
  readonly pools: Pools;
}

/** A connection, what told it from others, and when its settings were read. */
interface Current {
  readonly connection: Connection;
  readonly identity: string;
  readonly openedAt: number;
  readAt: number;
}

/** client-go's interval for token files; the kubelet replaces a token at 80 % of its life of an hour. */
const REREAD_MS = 60_000;

export interface ConnectionManagerOptions {
  readonly source: SettingsSource;
  readonly logger: Logger;
  /** Milliseconds of silence after which a watch is given up. */
  readonly watchSilenceMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/**
 * Hands out the connection and keeps it current: settings are read again after a minute (when somebody asks, so an idle
 * process has no timer) and after a 401. New credentials take effect at once; a new server or certificate opens new pools
 * while the old ones finish what they do.
 */
export class ConnectionManager {
  readonly #source: SettingsSource;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #watchSilenceMs: number;
  #current: Current | undefined;
  #loading: Promise<Connection> | undefined;
  /** Left alone, and still with something under way. */
  readonly #retired = new Set<Pools>();
  #closed = false;

  constructor({ source, logger, watchSilenceMs, now }: ConnectionManagerOptions) {
    this.#source = source;
    this.#logger = logger;
    this.#now = now;
    this.#watchSilenceMs = watchSilenceMs;
  }

  /** @throws {KubeConfigError} while there are no settings; the next call tries again */
  async get(): Promise<Connection> {
    if (this.#current !== undefined && this.#now() - this.#current.readAt < REREAD_MS) {
      return this.#current.connection;
    }
    return await this.#load(false);
  }

  /** After a 401 to a request that was sent with these settings: reads again, unless somebody has already. */
  async replace(refused: Connection): Promise<Connection> {
    if (this.#current !== undefined && this.#current.connection.settings !== refused.settings) {
      return this.#current.connection;
    }
    return await this.#load(true);
  }

  /** Leaves connections alone that were open at this time: what runs on them may end there, new requests open new ones. */
  distrust(before: number): void {
    const current = this.#current;
    if (current !== undefined && current.openedAt <= before && !this.#closed) {
      const { settings, pools } = current.connection;
      const renewed = { settings, pools: openPools(settings, this.#watchSilenceMs) };
      this.#current = { ...current, connection: renewed, openedAt: this.#now() };
      this.#retire(pools);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const current = this.#current?.connection.pools;
    const all = current === undefined ? [...this.#retired] : [...this.#retired, current];
    await Promise.all(all.map(async (pools) => await pools.destroy()));
  }

  #retire(pools: Pools): void {
    this.#retired.add(pools);
    void pools.retire().then(() => this.#retired.delete(pools));
  }

  #load(refused: boolean): Promise<Connection> {
    this.#loading ??= this.#read(refused).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #read(refused: boolean): Promise<Connection> {
    let next: Current;
    let before: Current | undefined;
    try {
      const settings = await this.#source.load(refused);
      before = this.#current; // only now: while this was read, other connections may have been opened
      next = this.#connect(settings, before);
    } catch (error) {
      before = this.#current;
      if (before === undefined) {
        throw error;
      }
      // What worked a minute ago probably still does; if not, a 401 or a failed handshake will tell.
      this.#logger.warn('Cannot read the cluster settings again; keeping the old ones', {
        source: this.#source.description,
        error,
      });
      before.readAt = this.#now();
      return before.connection;
    }
    if (this.#closed) {
      await next.connection.pools.destroy();
      throw new Error('the Kubernetes client is closed');
    }
    if (before !== undefined && before.connection.pools !== next.connection.pools) {
      this.#logger.info('The cluster settings changed; opening new connections', {
        server: next.connection.settings.server,
      });
      this.#retire(before.connection.pools);
    }
    this.#current = next;
    return next.connection;
  }

  /** Pools for the settings: those of before where nothing but headers changed. @throws {KubeConfigError} */
  #connect(settings: ConnectionSettings, before: Current | undefined): Current {
    const identity = JSON.stringify([settings.server, settings.tls, settings.proxy]);
    const readAt = this.#now();
    if (before?.identity === identity) {
      return { ...before, connection: { settings, pools: before.connection.pools }, readAt };
    }
    const pools = openPools(settings, this.#watchSilenceMs);
    return { connection: { settings, pools }, identity, openedAt: readAt, readAt };
  }
}
