import { opensBlock } from './difference.ts';
import type { Command } from './difference.ts';
import { VTY_STATUS } from './vty-replies.ts';
import type { VtyReply } from './vty-replies.ts';

/** Who takes commands: a daemon of FRR. */
export interface Commanded {
  command(text: string): Promise<VtyReply>;
}

/**
 * Has one daemon take things away. What it does not know is none of its business, whole blocks of it; and as FRR does
 * not take every command back as it was written, one whose `no` it does not know is tried without its last words, as
 * FRR's own frr-reload does.
 * @throws {DaemonError} when the daemon goes away meanwhile
 */
export async function takeAway(daemon: Commanded, removals: readonly Command[]): Promise<void> {
  await daemon.command('configure terminal');
  /** Blocks that are open, and whether the daemon knows them. */
  const blocks: boolean[] = [];
  for (const { text } of removals) {
    const isInside = blocks.every(Boolean);
    if (/^exit(-|$)/.test(text)) {
      if (isInside) {
        await daemon.command(text);
      }
      blocks.pop();
    } else if (opensBlock(text)) {
      blocks.push(isInside && (await daemon.command(text)).status === VTY_STATUS.success);
    } else if (isInside) {
      await takeAwayOne(daemon, text);
    }
  }
  await daemon.command('end');
}

async function takeAwayOne(daemon: Commanded, text: string): Promise<void> {
  let command = text;
  do {
    const { status } = await daemon.command(command);
    if (status !== VTY_STATUS.unknown && status !== VTY_STATUS.incomplete) {
      return;
    }
    command = command.replace(/ ?\S+$/, '');
    // `no router` and the like would be too much.
  } while (/^(?!no \S+$)\S+ /.test(command));
}
