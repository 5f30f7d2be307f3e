import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CASES } from '../../testdata/cases.ts';
import { describeResets } from '../edits/describe.ts';
import { resetsOf } from '../edits/resets.ts';
import { buildRouterView } from '../view/build.ts';
import { DaemonError } from './daemon.ts';
import type { ConfigureResult, DaemonConnection, RoutingDaemon } from './daemon.ts';
import { Driver } from './driver.ts';
import type { Assignment } from './driver.ts';

const SHIPPED = join(import.meta.dirname, '..', '..', '..', '..', 'bird-templates');
const IDLE = 'speaks to nobody\n';

function assignment(name = 'one-neighbor'): Assignment {
  const input = CASES[name];
  const intent = input === undefined ? undefined : buildRouterView(input);
  if (intent?.type !== 'configure') {
    throw new Error(`no view of ${name}`);
  }
  return { type: 'configure', view: intent.view };
}

/** A daemon that takes whatever stands in its file, while it runs. */
class TestDaemon implements RoutingDaemon {
  readonly kind = 'BIRD';
  readonly configFile = 'bird.conf';
  readonly mainTemplate = 'bird.conf.hbs';
  readonly idleConfiguration = IDLE;
  readonly needsFile = true;
  readonly resetsOf = resetsOf;
  readonly #folder: string;
  #connections = 0;
  isRunning = true;
  startedAt = new Date(0);
  /** How often it was spoken to. */
  connections = 0;
  /** What it runs. */
  running = '';
  /** What comes of the next configurations, where it is not what is asked for. */
  readonly outcomes: ConfigureResult[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** All connections are lost; it runs on. */
  cut(): void {
    this.#connections += 1;
  }

  findForeignFile(): undefined {
    return undefined;
  }

  check(): Promise<{ readonly type: 'valid' }> {
    return Promise.resolve({ type: 'valid' });
  }

  async connect(): Promise<DaemonConnection> {
    this.connections += 1;
    if (!this.isRunning) {
      throw new DaemonError('NotRunning', 'no daemon');
    }
    const { startedAt } = this;
    const connection = (this.#connections += 1);
    const isOpen = (): boolean => this.isRunning && this.startedAt === startedAt && this.#connections === connection;
    return {
      get isOpen() {
        return isOpen();
      },
      version: undefined,
      startedAt,
      configure: async () => {
        const outcome = this.outcomes.shift();
        if (outcome !== undefined) {
          return outcome;
        }
        this.running = await readFile(join(this.#folder, 'bird.conf'), 'utf8');
        return { type: 'accepted' };
      },
      revert: async () => undefined,
      observe: async () => [],
      close: () => undefined,
    };
  }
}

describe('Driver', () => {
  let folder: string;
  let daemon: TestDaemon;
  let driver: Driver;
  let now: number;
  let restarts: boolean[];
  const named: (string | undefined)[] = [];
  const warnings: string[] = [];

  function open(): Driver {
    const silent = { debug: () => undefined, info: () => undefined, error: () => undefined };
    return new Driver({
      daemon,
      directory: folder,
      templateDirectory: SHIPPED,
      logger: { ...silent, warn: (message) => warnings.push(message) },
      onTemplates: () => undefined,
      onConnected: ({ restarted }) => restarts.push(restarted),
      onResets: (resets) => named.push(describeResets(resets)),
      signal: new AbortController().signal,
      now: () => now,
    });
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-driver-'));
    daemon = new TestDaemon(folder);
    now = 0;
    restarts = [];
    warnings.length = 0;
    named.length = 0;
    driver = open();
  });

  afterEach(async () => {
    await driver.close();
    await rm(folder, { recursive: true });
  });

  const file = (): Promise<string> => readFile(join(folder, 'bird.conf'), 'utf8');

  /** All steps of a pass. @returns what the configuring came to */
  async function pass(wanted: Assignment): Promise<string> {
    const written = await driver.write(wanted);
    const missing = await driver.connect();
    if (written.type !== 'text' || missing !== undefined) {
      return missing?.code ?? written.type;
    }
    return (await driver.configure(written)).type;
  }

  describe('names what a configuration resets', () => {
    const RESTARTS = 'restarts bgp_tor_1 (hold time, keepalive time)';

    it('before it is tried, and once, however often it is tried', async () => {
      await pass(assignment());
      expect(named).toEqual([]);
      daemon.outcomes.push({ type: 'failed', message: 'not now' }, { type: 'failed', message: 'not now' });
      const wanted = assignment('timers');
      expect([await pass(wanted), await pass(wanted), await pass(wanted)]).toEqual(['failed', 'failed', 'done']);
      expect(named).toEqual([RESTARTS]);
      await pass(assignment());
      await pass(wanted);
      expect(named).toEqual([RESTARTS, RESTARTS, RESTARTS]);
    });

    it('where a past life has left the daemon at work', async () => {
      await pass(assignment());
      await driver.close();
      const other = open();
      await other.write(assignment('timers'));
      await other.connect();
      const written = await other.write(assignment('timers'));
      expect(written.type === 'text' && (await other.configure(written)).type).toBe('done');
      await other.close();
      expect(named).toEqual([RESTARTS]);
    });

    it('where the connection to the daemon was lost, and not where the daemon was', async () => {
      await pass(assignment());
      daemon.cut();
      await pass(assignment('timers'));
      expect(named).toEqual([RESTARTS]);
      daemon.startedAt = new Date(60_000);
      await pass(assignment());
      expect(named).toEqual([RESTARTS]);
    });
  });

  it('brings a configuration to the daemon once', async () => {
    const wanted = assignment();
    expect(await pass(wanted)).toBe('done');
    expect(daemon.running).toContain('protocol bgp bgp_tor_1');
    expect([await pass(wanted), await pass(wanted)]).toEqual(['unchanged', 'unchanged']);
  });

  it('brings it again to a daemon that has been started anew, and knows that from a lost connection', async () => {
    const wanted = assignment();
    await pass(wanted);
    daemon.startedAt = new Date(60_000);
    daemon.running = '';
    expect(await pass(wanted)).toBe('done');
    expect(daemon.running).toContain('protocol bgp bgp_tor_1');
    // The same moment, told a little differently.
    daemon.startedAt = new Date(60_002);
    await pass(wanted);
    expect(restarts).toEqual([false, true, false]);
  });

  it('writes a file that is gone at once', async () => {
    const wanted = assignment();
    await pass(wanted);
    await rm(join(folder, 'bird.conf'));
    expect(await pass(wanted)).toBe('done');
    expect(await file()).toBe(daemon.running);
  });

  it('leaves a file that somebody else has written alone for ten seconds, and then puts its own back', async () => {
    const wanted = assignment();
    await pass(wanted);
    await writeFile(join(folder, 'bird.conf'), 'by hand');
    expect(await pass(wanted)).toBe('unchanged');
    now = 9_999;
    expect(await pass(wanted)).toBe('unchanged');
    expect(await file()).toBe('by hand');
    now = 10_000;
    expect(await pass(wanted)).toBe('done');
    expect(await file()).toContain('protocol bgp bgp_tor_1');
    expect(warnings).toEqual(['bird.conf was changed by somebody else; it is put back']);
  });

  it('has nothing against another one that writes the same', async () => {
    const wanted = assignment();
    await pass(wanted);
    await writeFile(join(folder, 'bird.conf'), await file());
    expect(await pass(wanted)).toBe('unchanged');
    now = 60_000;
    expect(await pass(wanted)).toBe('unchanged');
    expect(warnings).toEqual([]);
  });

  it('does not wait to write what has changed, whoever has written the file', async () => {
    await pass(assignment());
    await writeFile(join(folder, 'bird.conf'), 'by hand');
    expect(await pass(assignment('two-neighbors'))).toBe('done');
    expect(await file()).toContain('bgp_tor_2');
  });

  describe('that is to leave', () => {
    it('asks nothing of a daemon of which nothing was ever asked', async () => {
      expect(await driver.leave()).toBe(true);
      expect(existsSync(join(folder, 'bird.conf'))).toBe(false);
    });

    it('has the daemon speak to nobody, and stays with that', async () => {
      await pass(assignment());
      expect(await driver.leave()).toBe(true);
      expect(daemon.running).toBe(IDLE);
      // It is connected to no more, and asked nothing more.
      daemon.startedAt = new Date(60_000);
      const { connections } = daemon;
      expect(await driver.leave()).toBe(true);
      expect(daemon.connections).toBe(connections);
    });

    it('has one that does not run start like that', async () => {
      await pass(assignment());
      daemon.isRunning = false;
      expect(await driver.leave()).toBe(true);
      expect(await file()).toBe(IDLE);
    });

    it('comes back when it is wanted again', async () => {
      await pass(assignment());
      await driver.leave();
      expect(await pass(assignment())).toBe('done');
      expect(daemon.running).toContain('protocol bgp bgp_tor_1');
    });
  });
});
