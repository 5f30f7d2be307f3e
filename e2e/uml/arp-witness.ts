import { startCapture } from '../lab/index.ts';
import type { Capture, Lab, LabNode, LanEvent } from '../lab/index.ts';
import { INTERFACES, ip } from '../lab/network.ts';

/** Who asks, and who answers, by their MACs. */
interface Question {
  readonly asker: { readonly mac: string };
  readonly by: { readonly mac: string };
}

function answers(event: LanEvent, address: string, { asker, by }: Question): boolean {
  return (
    event.type === 'arp' &&
    event.operation === 'reply' &&
    event.senderAddress === address &&
    event.senderMac === by.mac &&
    event.targetMac === asker.mac
  );
}

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
    const { client: asker } = this.#lab.plan;
    const from = this.#capture.events.length;
    await this.#ask([address, ...nodes.map((node) => node.address.IPv4)]);
    for (const node of nodes) {
      await this.#capture.events.waitFor((event) => answers(event, node.address.IPv4, { asker, by: node }), { from });
    }
    const events = this.#capture.events.all.slice(from);
    return nodes.filter((by) => events.some((event) => answers(event, address, { asker, by }))).map(({ name }) => name);
  }

  /**
   * Waits until a node has announced an IPv4 address so many times more, in the form of a reply: a kernel
   * that announces by itself asks (net/ipv4/devinet.c, inetdev_send_gratuitous_arp).
   */
  async announced(address: string, by: LabNode, options: { times: number; timeoutMs: number }): Promise<void> {
    let seen = 0;
    await this.#capture.events.waitFor(
      (event) => {
        const announces =
          event.type === 'arp' &&
          event.operation === 'reply' &&
          event.senderMac === by.mac &&
          event.senderAddress === address &&
          event.targetAddress === address;
        seen += announces ? 1 : 0;
        return seen === options.times;
      },
      { from: this.#capture.events.length, timeoutMs: options.timeoutMs },
    );
  }

  /** Waits (30 s at most) until one station answers another one's question for an IPv4 address. */
  async answered(address: string, stations: Question): Promise<void> {
    const { events } = this.#capture;
    await events.waitFor((event) => answers(event, address, stations), { from: events.length, timeoutMs: 30_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#capture.stop();
  }

  /** Has the client's kernel ask by broadcast: it has forgotten what it knew. */
  async #ask(addresses: readonly string[]): Promise<void> {
    const questions = addresses.map((address) => `neigh replace ${address} dev ${INTERFACES.lan} use`);
    const lines = [`neigh flush dev ${INTERFACES.lan}`, ...questions];
    await ip(this.#lab.run, this.#lab.plan.client.name, lines);
  }
}
