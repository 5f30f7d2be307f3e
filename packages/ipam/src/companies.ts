import type { IPFamily } from '@fairlead/api';
import { AgeLine } from './age.ts';
import type { Allocation } from './allocation.ts';
import type { Holding } from './holding.ts';
import type { Ports } from './port-index.ts';
import { PortIndex, PortList } from './port-index.ts';
import type { Wait } from './waiting.ts';

/** Services that could join the same addresses, as the oldest among them speaks for all. */
export interface Company {
  readonly key: string;
  readonly ports: Ports;
  /** Keys of where they wait. */
  readonly spots: readonly string[];
  readonly members: AgeLine<Allocation>;
}

/**
 * Services with a sharing key that wait, found by the addresses that they could join: those that they ask for, and any at
 * places where they may meet others. There are as many companies as there are sets of ports, more or less, and not as many
 * as Services.
 */
export class Companies {
  readonly #companies = new Map<string, Company>();
  readonly #bySpot = new Map<string, PortIndex<Company>>();

  /** @returns the company that the Service has joined; undefined where there is nobody to share with */
  join(service: Allocation, { addresses, places, likeness }: Wait): Company | undefined {
    const { view, signature } = service;
    if (signature === undefined || addresses.length + places.length === 0) {
      return undefined;
    }
    const spots = [
      ...addresses.map(({ family, value, namespaceOnly }) =>
        spot(signature, addressKey(family, value), namespaceOnly ? view.namespace : undefined),
      ),
      ...places.map(({ key }) => spot(signature, key)),
    ];
    const company = this.#companyFor([likeness, view.ports.join(' '), ...spots].join('\n'), view.ports, spots);
    company.members.add(service);
    return company;
  }

  leave(service: Allocation, company: Company): void {
    company.members.remove(service);
    if (company.members.size > 0) {
      return;
    }
    this.#companies.delete(company.key);
    for (const name of company.spots) {
      const index = this.#bySpot.get(name);
      index?.delete(company);
      if (index?.size === 0) {
        this.#bySpot.delete(name);
      }
    }
  }

  /** Who has none of the ports of the holders, shares by the same, and waits for this address or one at its place. */
  whoCanJoin(holding: Holding<Allocation>): readonly Company[] {
    const signature = holding.holders.any?.signature;
    if (signature === undefined || holding.isContested || this.#companies.size === 0) {
      return [];
    }
    const { family, value, listing, namespace, ports } = holding;
    const address = addressKey(family, value);
    const spots = [
      ...(listing === undefined ? [] : [spot(signature, listing.place.key)]),
      spot(signature, address),
      ...(namespace === undefined ? [] : [spot(signature, address, namespace)]),
    ];
    return spots.flatMap((name) => this.#bySpot.get(name)?.without(ports) ?? []);
  }

  #companyFor(key: string, ports: readonly string[], spots: readonly string[]): Company {
    const known = this.#companies.get(key);
    if (known !== undefined) {
      return known;
    }
    const company: Company = { key, ports: new PortList(ports), spots, members: new AgeLine(({ view }) => view) };
    this.#companies.set(key, company);
    for (const name of spots) {
      const index = this.#bySpot.get(name) ?? new PortIndex<Company>();
      this.#bySpot.set(name, index);
      index.add(company);
    }
    return company;
  }
}

/** The key of an address in maps. */
export function addressKey(family: IPFamily, value: bigint): string {
  return `${family === 'IPv4' ? '4' : '6'}${value.toString(36)}`;
}

/** A place or an address, for those who share by the same. A signature has no line ends, and is the last. */
function spot(signature: string, where: string, namespace = ''): string {
  return `${where}\n${namespace}\n${signature}`;
}
