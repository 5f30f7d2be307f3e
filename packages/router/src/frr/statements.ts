/** A line of FRR's configuration and what stands inside of it. */
export interface Statement {
  /** The command, without the space before it. */
  readonly text: string;
  /** Line of the file that it is from, counted from 1; of the first one, where it is opened several times. */
  readonly line: number;
  readonly children: readonly Statement[];
}

interface Open {
  readonly text: string;
  readonly line: number;
  readonly children: Open[];
  readonly indent: number;
}

/** What closes a block; the indentation says the same. */
const CLOSING = /^(exit|end)(-|$)/;

/**
 * Reads a configuration by its indentation, which is how FRR prints it and how it reads it back: comments and what
 * closes blocks are left out, and a block that is opened twice is one.
 */
export function parseStatements(text: string): Statement[] {
  const root: Open = { text: '', line: 0, children: [], indent: -1 };
  let path: Open[] = [root];
  for (const [index, raw] of text.split('\n').entries()) {
    const command = raw.trim().replaceAll(/\s+/g, ' ');
    if (command === '' || /^[!#]/.test(command) || CLOSING.test(command)) {
      continue;
    }
    const indent = raw.search(/\S/);
    path = path.filter((open) => open.indent < indent);
    const parent = path.at(-1) ?? root;
    const known = parent.children.find((child) => child.text === command);
    const statement = known ?? { text: command, line: index + 1, children: [], indent };
    if (known === undefined) {
      parent.children.push(statement);
    }
    path.push(statement);
  }
  return root.children.map(closed);
}

function closed({ text, line, children }: Open): Statement {
  return { text, line, children: children.map(closed) };
}

/** Commands that exist only inside of a block. */
const INNER =
  /^(no )?(neighbor|match|set|redistribute|network|address-family|area|distribute-list|timers|description) /;

/**
 * The first command at the left margin that belongs inside of a block: FRR would take it for the last one that was
 * opened, but what is to be taken away again later could not be told from the indentation.
 */
export function findUnindented(statements: readonly Statement[]): Statement | undefined {
  return statements.find(({ text }) => INNER.test(text));
}
