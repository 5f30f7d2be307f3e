import { join } from 'node:path';
import { KERNEL_PROTOCOL } from '@fairlead/api';
import type { GuestAddress } from './guest/addresses.ts';
import type { Machine } from './machine.ts';

/** The kind of an interface of the guest, as `ip -d link` prints it: `dummy`, `bond`; undefined for a network card. */
export async function kindOf(machine: Machine, name: string): Promise<string | undefined> {
  const [link] = JSON.parse(await machine.exec(['ip', '-j', '-d', 'link', 'show', name])) as {
    readonly linkinfo?: { readonly info_kind?: string };
  }[];
  return link?.linkinfo?.info_kind;
}

/** The addresses on an interface of the guest, as `ADDRESS/LENGTH`, that are marked as Fairlead's and bring no route. */
export async function ourAddressesOn(machine: Machine, name: string): Promise<string[]> {
  const program = join(import.meta.dirname, 'guest', 'addresses.ts');
  const all = JSON.parse(await machine.exec([process.execPath, program])) as GuestAddress[];
  return all
    .filter((each) => each.interface === name && each.protocol === KERNEL_PROTOCOL && each.noprefixroute)
    .map(({ address }) => address)
    .sort();
}
