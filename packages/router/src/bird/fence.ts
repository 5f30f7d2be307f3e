import { resolve, sep } from 'node:path';
import type { ConfigurationFault } from '../controller/daemon.ts';
import { topStatements } from '../edits/statements.ts';
import { tokensOf } from './tokens.ts';

/**
 * Statements of BIRD that name a file that it reads or writes: `include`, `log`, `mrtdump`, and `filename` of protocol
 * mrt. Who may edit templates controls routing, and is to control no files of the node beyond the router's folder.
 */
const FILE_STATEMENTS: ReadonlySet<string> = new Set(['include', 'log', 'mrtdump', 'filename', 'private', 'public']);
/** Whether a text may hold one of them; sets of prefixes do not and are long. */
const MAY_NAME_A_FILE = new RegExp([...FILE_STATEMENTS].join('|'));

/**
 * Looks for files outside of the router's folder in a rendered configuration.
 * @param directory the folder, absolute; relative names count from there, as BIRD's do
 * @returns the first fault; undefined when there is none
 */
export function findForeignFile(text: string, directory: string): ConfigurationFault | undefined {
  for (const { text: part, line } of topStatements(text, (raw) => MAY_NAME_A_FILE.test(raw.text))) {
    const fault = foreignFileIn(part, directory);
    if (fault !== undefined) {
      return { line: line + fault.line - 1, message: fault.message };
    }
  }
  return undefined;
}

function foreignFileIn(
  text: string,
  directory: string,
): { readonly line: number; readonly message: string } | undefined {
  let statement: string | undefined;
  for (const token of tokensOf(text)) {
    if (token.type === 'sign' && /[;{}]/.test(token.text)) {
      statement = undefined;
    } else if (token.type === 'word' && FILE_STATEMENTS.has(token.text)) {
      statement = token.text;
    } else if (token.type === 'word' && statement === 'log' && token.text === 'syslog') {
      // What follows is a name for the log, not a file.
      statement = undefined;
    } else if (token.type === 'string' && statement !== undefined && !isInside(token.text, directory)) {
      const message = `${statement} ${JSON.stringify(token.text)} is outside of ${directory}; files elsewhere are refused`;
      return { line: token.line, message };
    }
  }
  return undefined;
}

function isInside(file: string, directory: string): boolean {
  return resolve(directory, file).startsWith(resolve(directory) + sep);
}
