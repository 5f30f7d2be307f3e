import { join } from 'node:path';
import { RELEASE_NAMESPACE, REPOSITORY, type Lab } from '../lab/index.ts';
import type { GuestProcess } from './console.ts';
import type { Machine } from './machine.ts';

/** Starts `dist/node-agent.mjs` in the guest, as the account and with the Pod's token that it has on every node. */
export async function startGuestAgent(lab: Lab, machine: Machine): Promise<GuestProcess> {
  const { name } = machine.node;
  const router = '/run/fairlead/router';
  await machine.exec(['mkdir', '-p', router]);
  const flags = {
    'node-name': name,
    kubeconfig: await lab.agentKubeconfig(machine.node),
    namespace: RELEASE_NAMESPACE,
    'router-directory': router,
    'template-directory': join(REPOSITORY, 'bird-templates'),
  };
  const program = join(REPOSITORY, 'dist', 'node-agent.mjs');
  return machine.start('uml-agent', [
    process.execPath,
    program,
    ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]),
  ]);
}
