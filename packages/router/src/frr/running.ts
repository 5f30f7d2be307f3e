import { parseStatements } from './statements.ts';
import type { Statement } from './statements.ts';

/** What a daemon runs, as `show running-config` shows it. */
export interface RunningConfiguration {
  /** What Fairlead left there to know it again; undefined: nothing of Fairlead is there. */
  readonly mark: string | undefined;
  /** What somebody configured; what each daemon shows by itself is left out. */
  readonly statements: readonly Statement[];
}

/** A prefix list without entries, whose description says which configuration a daemon has. Every daemon but bfdd keeps it. */
const MARK = 'ip prefix-list fairlead-applied description';

/** The command that leaves a mark. @param key a word */
export function markCommand(key: string): string {
  return `${MARK} ${key}`;
}

/** The command that takes the mark away. */
export const UNMARK_COMMAND = 'no ip prefix-list fairlead-applied';

/** What a daemon shows that was never configured, and what belongs to whoever started it. */
const AMBIENT =
  /^(Building configuration|Current configuration|frr (version|defaults)|hostname|domainname|log|no log|debug|service|no service|(no )?(ip|ipv6) forwarding|line vty|(enable )?password|banner|no banner|username|agentx|no zebra|zebra nexthop|allow-external-route-update)\b/;

/** Reads the answer of one daemon to `show running-config`. */
export function parseRunning(text: string): RunningConfiguration {
  const all = parseStatements(text).filter((statement) => !AMBIENT.test(statement.text) && !isBare(statement));
  const mark = all.find((statement) => statement.text.startsWith(`${MARK} `));
  return {
    mark: mark?.text.slice(MARK.length + 1),
    statements: all.filter((statement) => statement !== mark).map(withoutSequence),
  };
}

/** What is left of an interface of which nothing is said any more. */
function isBare({ text, children }: Statement): boolean {
  return text.startsWith('interface ') && children.length === 0;
}

/** FRR numbers the lines of a prefix list where nobody else does. */
function withoutSequence(statement: Statement): Statement {
  const text = statement.text.replace(/^(ip(?:v6)? prefix-list \S+) seq \d+ /, '$1 ');
  return { ...statement, text };
}

/** What all daemons run together: each shows a part, and some parts are shown by several. */
export function mergeStatements(parts: readonly (readonly Statement[])[]): Statement[] {
  const merged = new Map<string, Statement>();
  for (const statement of parts.flat()) {
    const known = merged.get(statement.text);
    merged.set(
      statement.text,
      known === undefined ? statement : { ...known, children: mergeStatements([known.children, statement.children]) },
    );
  }
  return [...merged.values()];
}
