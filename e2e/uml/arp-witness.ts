import { startCapture } from '../lab/index.ts';
import type { Capture, Lab, LabNode, LanEvent } from '../lab/index.ts';
import { INTERFACES, ip } from '../lab/network.ts';

/** Asks the LAN who has an address, as the lab's client, and sees on the switch who answers. */
export class ArpWitness implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #capture: Capture;

  private constructor(lab: Lab, capture: Capture) {
    this.#lab = lab;
    this.#capture = capture;
  }

  static async start(lab: Lab): Promise<ArpWitness> {
    return new ArpWitness(lab, await startCapture(lab.run));
  }

  /**
   * The nodes that answer for an IPv4 address. Each node is asked for its own address afterwards: a kernel answers in the
   * order in which it was asked, so after that answer there is none to come for the first question.
   */
  async answeringFor(address: string): Promise<string[]> {
    const { nodes } = this.#lab;
    const from = this.#capture.events.length;
    await this.#ask([address, ...nodes.map((node) => node.address.IPv4)]);
    for (const node of nodes) {
      await this.#capture.events.waitFor((event) => this.#answererFor(event, node.address.IPv4) === node.mac, { from });
    }
    const events = this.#capture.events.all.slice(from);
    return nodes
      .filter(({ mac }) => events.some((event) => this.#answererFor(event, address) === mac))
      .map(({ name }) => name);
  }

  /**
   * Waits (30 s at most) until a node has announced an IPv4 address so many times more, in the form of a reply (RFC 5227 3: a kernel that
   * announces by itself asks).
   * @returns when the last of them was on the switch, milliseconds since 1970
   */
  async announced(address: string, by: LabNode, times: number): Promise<number> {
    let seen = 0;
    const last = await this.#capture.events.waitFor(
      (event) => {
        const announces =
          event.type === 'arp' &&
          event.operation === 'reply' &&
          event.senderMac === by.mac &&
          event.senderAddress === address &&
          event.targetAddress === address;
        seen += announces ? 1 : 0;
        return seen === times;
      },
      { from: this.#capture.events.length, timeoutMs: 30_000 },
    );
    return last.at;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#capture.stop();
  }

  /** Who answers the client's question for the address by this frame. */
  #answererFor(event: LanEvent, address: string): string | undefined {
    const answers =
      event.type === 'arp' &&
      event.operation === 'reply' &&
      event.senderAddress === address &&
      event.targetMac === this.#lab.plan.client.mac;
    return answers ? event.senderMac : undefined;
  }

  /** Has the client's kernel ask by broadcast: it has forgotten what it knew. */
  async #ask(addresses: readonly string[]): Promise<void> {
    const questions = addresses.map((address) => `neigh replace ${address} dev ${INTERFACES.lan} use`);
    const lines = [`neigh flush dev ${INTERFACES.lan}`, ...questions];
    await ip(this.#lab.run, this.#lab.plan.client.name, lines);
  }
}
