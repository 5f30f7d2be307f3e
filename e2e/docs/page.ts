import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { REPOSITORY } from '../lab/index.ts';

/** A fenced block of a page. */
export interface Block {
  /** Path of the page in the repository. */
  readonly file: string;
  /** Of the fence. */
  readonly line: number;
  /** The heading that it stands under. */
  readonly heading: string;
  readonly language: string;
  readonly text: string;
}

/** A command of a page and what the page says that it prints. */
export interface ConsoleStep {
  readonly command: string;
  readonly output: string;
}

/** Every page that people read: README.md and what is below docs. */
export async function pages(): Promise<readonly string[]> {
  const below = await readdir(join(REPOSITORY, 'docs'), { recursive: true });
  return ['README.md', ...below.filter((file) => file.endsWith('.md')).map((file) => join('docs', file))].toSorted();
}

/** The fenced blocks of a page, in their order. */
export async function blocksOf(file: string): Promise<readonly Block[]> {
  const text = await readFile(join(REPOSITORY, file), 'utf8');
  const blocks: Block[] = [];
  let heading = relative('docs', file);
  let open: { readonly language: string; readonly line: number; readonly lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^```(\w*)/.exec(line);
    if (fence !== null && open === undefined) {
      open = { language: fence[1] ?? '', line: index + 1, lines: [] };
    } else if (fence !== null && open !== undefined) {
      blocks.push({ file, line: open.line, heading, language: open.language, text: `${open.lines.join('\n')}\n` });
      open = undefined;
    } else if (open !== undefined) {
      open.lines.push(line);
    } else {
      heading = /^#+ (.*)/.exec(line)?.[1] ?? heading;
    }
  }
  return blocks;
}

/** The commands of a block of `console`, each behind `$ `, with the lines that follow it. */
export function consoleSteps({ text }: Block): readonly ConsoleStep[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const end = step.indexOf('\n');
      return { command: step.slice(0, end), output: step.slice(end + 1).trim() };
    });
}
