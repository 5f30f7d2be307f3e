import { createInterface } from 'node:readline';
import { EventLog } from '../lab/index.ts';
import type { Lab, LabNode } from '../lab/index.ts';

/** What a node's data path answers on its health endpoint, in place of kube-proxy. */
export interface HealthEndpoint extends AsyncDisposable {
  /** Answers with this status from now on; resolves when that has begun. */
  answer(status: number): Promise<void>;
  /** Waits until it has answered so often with the status, all in all. */
  answered(status: number, times: number): Promise<void>;
}

/** Listens on kube-proxy's port: it must not run there. Prints each status that it is set to or answers with. */
const PROGRAM = `
  let status = 503;
  const server = require('node:http').createServer((_, response) => {
    response.writeHead(status).end();
    console.log('answered ' + status);
  });
  server.listen(10256, '127.0.0.1', () => console.log('ready'));
  require('node:readline').createInterface({ input: process.stdin })
    .on('line', (line) => { status = Number(line); console.log('set ' + status); })
    .on('close', () => process.exit());`;

/** Starts a health endpoint on a node that answers 503 at first; returns when it listens. */
export async function startHealthEndpoint(lab: Lab, node: LabNode): Promise<HealthEndpoint> {
  const { stdin, stdout, exited } = lab.run.pipe([process.execPath, '-e', PROGRAM], { namespace: node.namespace });
  const lines = new EventLog<string>();
  createInterface({ input: stdout })
    .on('line', (line) => lines.push(line))
    .on('close', () => lines.end());
  await lines.waitFor((line) => line === 'ready');
  return {
    answer: async (status) => {
      const from = lines.length;
      stdin.write(`${status}\n`);
      await lines.waitFor((line) => line === `set ${status}`, { from });
    },
    answered: async (status, times) => {
      const isOne = (line: string): boolean => line === `answered ${status}`;
      await lines.waitFor(() => lines.all.filter(isOne).length >= times);
    },
    [Symbol.asyncDispose]: async () => {
      stdin.end();
      await exited;
    },
  };
}
