/**
 * The npm package node-netlink, for comparison only: it is LGPL, needs a compiler and is installed into a cache of its
 * own, not into this repository.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Address } from '@fairlead/api';
import { addressToBytes } from '@fairlead/api';

const VERSION = '0.0.4';
const ADDONS = ['buffer2address', 'syscall-napi'];

/** What this bench uses of it. */
interface NodeNetlink {
  talk(message: {
    header: { nlmsg_type: bigint; nlmsg_flags: bigint };
    payload: Buffer;
  }): Promise<readonly { payload: Buffer }[]>;
  close(): Promise<void>;
}

function cache(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(base, 'fairlead', 'bench', `node-netlink-${VERSION}`);
}

function run(cwd: string, program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
}

/**
 * Installs it and builds its two addons, once.
 * @returns why that failed, or `undefined`
 */
export function installNodeNetlink(): string | undefined {
  const folder = cache();
  const built = join(folder, 'built');
  if (existsSync(built)) {
    return undefined;
  }
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private": true}\n');
    run(folder, 'npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', `node-netlink@${VERSION}`);
    for (const addon of ADDONS) {
      run(join(folder, 'node_modules', addon), 'npx', '--yes', 'node-gyp', 'rebuild');
    }
    writeFileSync(built, '');
    return undefined;
  } catch (error) {
    return `could not be built (${String(error).split('\n')[0]})`;
  }
}

/** Opens its socket. */
export async function openNodeNetlink(): Promise<NodeNetlink> {
  const file = pathToFileURL(join(cache(), 'node_modules', 'node-netlink', 'lib', 'index.js'));
  const { default: library } = (await import(file.href)) as {
    default: { open(options: { family: number }): Promise<NodeNetlink> };
  };
  return library.open({ family: 0 });
}

/** linux/rtnetlink.h and netlink.h; the package has neither messages nor attributes. */
export const ADD_ADDRESS = { nlmsg_type: 20n, nlmsg_flags: 0x605n };
export const DELETE_ADDRESS = { nlmsg_type: 21n, nlmsg_flags: 0x5n };
export const DUMP_ADDRESSES = { nlmsg_type: 22n, nlmsg_flags: 0x305n };

function attribute(type: number, payload: Uint8Array): Buffer {
  const start = Buffer.alloc(4);
  start.writeUInt16LE(4 + payload.length, 0);
  start.writeUInt16LE(type, 2);
  return Buffer.concat([start, payload]);
}

/** struct ifaddrmsg, then IFA_LOCAL, IFA_ADDRESS and IFA_FLAGS (noprefixroute, nodad). */
export function addressPayload(address: Address, index: number): Buffer {
  const bytes = addressToBytes(address);
  const header = Buffer.of(bytes.length === 4 ? 2 : 10, bytes.length * 8, 0, 0, 0, 0, 0, 0);
  header.writeUInt32LE(index, 4);
  return Buffer.concat([header, attribute(2, bytes), attribute(1, bytes), attribute(8, Buffer.of(2, 2, 0, 0))]);
}
