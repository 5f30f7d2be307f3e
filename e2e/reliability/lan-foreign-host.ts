import { addressBits, parseAddress } from '@fairlead/api';
import { RESPONDER_PORT } from '@fairlead/e2e/lab';
import type { Lab, LabProcess } from '@fairlead/e2e/lab';
import { gratuitousArpRequest, openLanSocket, openNetlink, unsolicitedNA } from '@fairlead/netlink';
import { startBackend } from '../lab/backend.ts';
import { INTERFACES, ip } from '../lab/network.ts';
import { plug } from './lan-switch.ts';

/** The namespace of a {@link ForeignHost}, its port on the switch, and its name in answers to probes. */
export const FOREIGN = 'foreign';
/** What it is told apart by. */
export const FOREIGN_MAC = '02:77:00:00:00:0f';
/** A host on the LAN that is no node, and uses addresses that it should not. */
export class ForeignHost {
  readonly #lab: Lab;
  #uses = 0;

  private constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** Plugs it into the switch, with addresses of its own. */
  static async plugIn(lab: Lab): Promise<ForeignHost> {
    await plug(lab.run, FOREIGN, [
      'link set lo up',
      `link set eth0 address ${FOREIGN_MAC} up`,
      'address add 172.20.0.9/16 dev eth0',
      'address add fd00:20::9/64 dev eth0 nodad',
    ]);
    return new ForeignHost(lab);
  }

  /** Has the address from now on, and answers probes on it. */
  async use(address: string): Promise<LabProcess> {
    this.#uses += 1;
    await ip(this.#lab.run, FOREIGN, [`address add ${withLength(address)} dev eth0 ${isIPv6(address) ? 'nodad' : ''}`]);
    const pod = `${FOREIGN}-${this.#uses}`;
    return startBackend(this.#lab.run, FOREIGN, { pod, node: FOREIGN, addresses: [address], port: RESPONDER_PORT });
  }

  /** Tells the LAN, as hosts do when an address of theirs is new. */
  async announce(text: string): Promise<void> {
    const netns = this.#lab.run.namespacePath(FOREIGN);
    const netlink = await openNetlink({ netns });
    const index = (await netlink.links()).find(({ name }) => name === INTERFACES.lan)?.index ?? 0;
    await netlink.close();
    const socket = await openLanSocket({ index, netns });
    const address = parseAddress(text);
    const frame = address.family === 'IPv4' ? gratuitousArpRequest : unsolicitedNA;
    const sent = socket.send([frame({ mac: FOREIGN_MAC, address })]);
    await socket.close();
    if (!sent.ok) throw sent.error;
  }

  /** Gives it up. */
  async leave(address: string, program: LabProcess): Promise<void> {
    await ip(this.#lab.run, FOREIGN, [`address delete ${withLength(address)} dev eth0`]);
    await program.kill();
  }
}

function isIPv6(address: string): boolean {
  return address.includes(':');
}

function withLength(address: string): string {
  return `${address}/${addressBits(parseAddress(address).family)}`;
}
