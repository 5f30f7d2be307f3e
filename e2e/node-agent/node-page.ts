import { expect } from '@jest/globals';
import { consoleSteps } from '../docs/page.ts';
import type { Block } from '../docs/page.ts';
import type { IpMonitor, Lab, LabNode } from '../lab/index.ts';
import { allocate } from './allocated.ts';
import type { AllocatedService } from './allocated.ts';

const PATIENCE_MS = 5_000;
/** The kernel does not tell of all that it does. */
const LOOK_MS = 500;

/** Does on a node what a page about nodes tells: its YAML is applied, its commands run there. */
export class NodePage {
  readonly #lab: Lab;
  readonly #node: LabNode;
  readonly #monitor: IpMonitor;

  constructor(lab: Lab, node: LabNode, monitor: IpMonitor) {
    this.#lab = lab;
    this.#node = node;
    this.#monitor = monitor;
  }

  /** Applies YAML, and gives each Service in it what it asks for, as the allocator would; runs the commands of a console. */
  async follow(block: Block): Promise<void> {
    switch (block.language) {
      case 'yaml':
        await this.#lab.apply(block.text);
        for (const wish of servicesOf(block)) {
          await allocate(this.#lab, wish);
        }
        return;
      case 'console':
        for (const { command, output } of consoleSteps(block)) {
          await this.expectPrinted(command, output);
        }
        return;
      default:
        throw new Error(`${block.file}:${block.line}: nobody knows how to run ${block.language}`);
    }
  }

  /** Runs a command again after each event of the node's kernel until it prints that. How many spaces there are counts for nothing. */
  async expectPrinted(command: string, output: string): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const { length } = this.#monitor.events;
      const printed = words(await this.#node.exec(command.split(' ')));
      if (printed === words(output) || performance.now() > deadline) {
        expect([command, printed]).toEqual([command, words(output)]);
        return;
      }
      await this.#monitor.events.waitFor(() => true, { from: length, timeoutMs: LOOK_MS }).catch(() => undefined);
    }
  }
}

/** The Services of a block of YAML, with the addresses and the group that their annotations ask for. */
function servicesOf({ text }: Block): AllocatedService[] {
  return text.split(/^---$/m).flatMap((document) => {
    const [, name = ''] = /^ {2}name: (.+)$/m.exec(document) ?? [];
    const [, group = ''] = /service-group: (.+)$/m.exec(document) ?? [];
    const [, addresses] = /addresses: (.+)$/m.exec(document) ?? [];
    return addresses === undefined ? [] : [{ name, group, addresses: addresses.split(', ') }];
  });
}

function words(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .join('\n')
    .trim();
}
