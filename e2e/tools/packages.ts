import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isExecutable, type Environment } from './environment.ts';

/** The programs that the lab calls, and the Debian packages that have them. */
export const DEBIAN_PACKAGES: Readonly<Record<string, string>> = {
  bird: 'bird2',
  birdc: 'bird2',
  vtysh: 'frr',
  ip: 'iproute2',
  bridge: 'iproute2',
  nft: 'nftables',
  tcpdump: 'tcpdump',
  conntrack: 'conntrack',
  ps: 'procps',
  openssl: 'openssl',
  nsenter: 'util-linux',
  flock: 'util-linux',
};

/** Services that Debian starts on the machine itself with a package; the lab has its own, in namespaces. */
const STARTED_SERVICES: Readonly<Record<string, string>> = { bird2: 'bird', frr: 'frr' };

/** Administrators' programs are not in every user's PATH. */
const SBIN = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Where a program is, in PATH or in one of the sbin folders; undefined when it is nowhere. */
export async function findProgram(name: string, environment: Environment = process.env): Promise<string | undefined> {
  for (const folder of [...(environment['PATH'] ?? '').split(':'), ...SBIN]) {
    if (folder && (await isExecutable(join(folder, name)))) return join(folder, name);
  }
  return undefined;
}

/** The packages (of these, by program) of which a program is missing here. */
export async function missingPackages(
  packages: Readonly<Record<string, string>> = DEBIAN_PACKAGES,
  environment: Environment = process.env,
): Promise<string[]> {
  const found = await Promise.all(
    Object.keys(packages).map(async (name) => ({ name, path: await findProgram(name, environment) })),
  );
  const missing = found.filter(({ path }) => path === undefined).map(({ name }) => packages[name] ?? name);
  return [...new Set(missing)].sort();
}

/** What is to be done about missing packages. */
export type InstallPlan =
  | { readonly kind: 'nothing' }
  /** These commands, as they are: this is Debian, and we are root. */
  | { readonly kind: 'run'; readonly commands: readonly (readonly [string, ...string[]])[] }
  /** Somebody else has to: the sentence says the one command to type. */
  | { readonly kind: 'ask'; readonly sentence: string };

/** Decides what to do about missing packages. */
export function planInstall(
  missing: readonly string[],
  machine: { debian: boolean; root: boolean; systemd: boolean },
): InstallPlan {
  if (missing.length === 0) return { kind: 'nothing' };
  if (!machine.debian) {
    return {
      kind: 'ask',
      sentence: `The lab needs programs that are missing here. Debian has them in these packages: ${missing.join(' ')}. Install what this system calls them.`,
    };
  }
  if (!machine.root) {
    return {
      kind: 'ask',
      sentence: `The lab needs packages that are missing here. Type: sudo apt-get install -y ${missing.join(' ')}`,
    };
  }
  return {
    kind: 'run',
    commands: [
      ['apt-get', 'update', '-qq'],
      ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...missing],
      ...(machine.systemd ? missing : []).flatMap((name) => {
        const service = STARTED_SERVICES[name];
        return service === undefined ? [] : [['systemctl', 'disable', '--now', service] as const];
      }),
    ],
  };
}

/** Is this Debian or one of its children? (os-release(5): ID, ID_LIKE) */
export function isDebian(osRelease: string): boolean {
  const ids = [...osRelease.matchAll(/^(?:ID|ID_LIKE)=(.*)$/gm)].flatMap(([, value = '']) =>
    value.replaceAll(/["']/g, '').split(/\s+/),
  );
  return ids.includes('debian');
}

/** This machine, as {@link planInstall} takes it. */
export async function thisMachine(): Promise<{ debian: boolean; root: boolean; systemd: boolean }> {
  const osRelease = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return {
    debian: isDebian(osRelease),
    root: process.getuid?.() === 0,
    // sd_booted(3)
    systemd: await isExecutable('/run/systemd/system'),
  };
}
