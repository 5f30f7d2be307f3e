import { join } from 'node:path';
import type { LabNode } from './node.ts';
import type { LabProcess } from './process.ts';
import type { Run } from './run.ts';

/** The port, UDP and TCP, on which a node's responder answers, on whatever address the node has. */
export const RESPONDER_PORT = 7007;
const LISTEN_PORT = 7008;

/**
 * A rule that brings packets for any address of the node itself (and for no other) to the responder; the answer leaves
 * with the address that was asked. Connection tracking judges a flow by its first packet; so packets for addresses that
 * the node does not have, not yet or no more, are kept out of it.
 */
const RULES = `
table inet fairlead_lab_responder {
  chain untracked {
    type filter hook prerouting priority raw; policy accept;
    meta l4proto { tcp, udp } th dport ${RESPONDER_PORT} fib daddr type != local notrack
  }
  chain prerouting {
    type nat hook prerouting priority dstnat - 10; policy accept;
    fib daddr type local meta l4proto { tcp, udp } th dport ${RESPONDER_PORT} redirect to :${LISTEN_PORT}
  }
}
`;

/**
 * Lets a node itself answer probes: what it shows is who has an address, without kube-proxy and backends between.
 * Answers `- NODE SOURCE PAYLOAD`.
 */
export async function startResponder(run: Run, node: LabNode): Promise<LabProcess> {
  await run.exec(['nft', '-f', '-'], { namespace: node.namespace, stdin: RULES });
  const program = join(import.meta.dirname, 'programs', 'backend.ts');
  const options = { pod: '-', node: node.name, addresses: ['0.0.0.0', '::'], port: LISTEN_PORT };
  const responder = run.spawn(`responder-${node.name}`, [process.execPath, program, JSON.stringify(options)], {
    namespace: node.namespace,
  });
  await responder.waitForLog(/^ready$/m);
  return node.adopt('responder', responder);
}
