import { resolve, sep } from 'node:path';
import type { ConfigurationFault } from '../controller/daemon.ts';

/**
 * Who may edit templates controls routing, and is to control no files of the node beyond the router's folder: commands
 * that name a file, and those that do something at once instead of configuring (`do`, and the commands of vtysh itself,
 * which reach a shell).
 */
const FILE_COMMANDS: readonly RegExp[] = [
  /^log file (?<file>\S+)/,
  /^dump bgp \S+ (?<file>\S+)/,
  /^banner motd file (?<file>\S+)/,
];
const ACTIONS =
  /^(do|start-shell|copy|write|terminal|output|find|show|clear|ping|traceroute|ssh|telnet|logmsg|configure|enable|disable)\b/;

/**
 * Looks for files outside of the router's folder in a rendered configuration, and for commands that configure nothing.
 * @param directory the folder, absolute
 * @returns the first fault; undefined when there is none
 */
export function findForeignCommand(text: string, directory: string): ConfigurationFault | undefined {
  for (const [index, raw] of text.split('\n').entries()) {
    const command = raw.trim().replaceAll(/\s+/g, ' ');
    const line = index + 1;
    const action = ACTIONS.exec(command)?.[1];
    if (action !== undefined) {
      return { line, message: `${action} configures no routing; it is refused` };
    }
    for (const pattern of FILE_COMMANDS) {
      const file = pattern.exec(command)?.groups?.file;
      if (file !== undefined && !isInside(file, directory)) {
        const message = `the file ${JSON.stringify(file)} is outside of ${directory}; files elsewhere are refused`;
        return { line, message };
      }
    }
  }
  return undefined;
}

function isInside(file: string, directory: string): boolean {
  return resolve(directory, file).startsWith(resolve(directory) + sep);
}
