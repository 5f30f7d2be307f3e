import { DEFAULT_NAMESPACE } from '@fairlead/api';
import { ExitRequest, LOG_LEVELS } from '@fairlead/runtime';
import type { FlagDefinitions } from '@fairlead/runtime';

/** What `--help` begins with. */
export const SUMMARY = "Puts addresses of Services on this node's interfaces and announces them.";

/** The flags of the node agent. */
export const FLAGS = {
  'node-name': {
    type: 'string',
    required: true,
    env: ['NODE_NAME'],
    placeholder: 'NAME',
    description: "Name of this machine's Node.",
  },
  kubeconfig: {
    type: 'string',
    env: ['KUBECONFIG'],
    placeholder: 'FILE',
    description: "A kubeconfig file. Default: the Pod's service account.",
  },
  namespace: {
    type: 'string',
    default: DEFAULT_NAMESPACE,
    placeholder: 'NAME',
    description: 'Namespace of the release: Leases and Secrets.',
  },
  'state-file': {
    type: 'string',
    default: '/run/fairlead/state.json',
    placeholder: 'FILE',
    description: 'What the agent leaves for its next life. It must go with a reboot.',
  },
  'metrics-address': {
    type: 'string',
    default: '127.0.0.1:7673',
    placeholder: 'HOST:PORT',
    description: 'Where /metrics, /healthz and /readyz are served.',
  },
  'router-directory': {
    type: 'string',
    default: '/run/fairlead/router',
    placeholder: 'DIR',
    description: 'The folder shared with BIRD: bird.conf and bird.ctl.',
  },
  'template-directory': {
    type: 'string',
    default: '/etc/fairlead/bird-templates',
    placeholder: 'DIR',
    description: "The folder of the router's templates.",
  },
  'data-path-health': {
    type: 'string',
    default: 'http://127.0.0.1:10256/healthz',
    placeholder: 'URL|none',
    description: "Health endpoint of this node's data path: kube-proxy's, or the CNI's.",
  },
  'address-protocol': {
    type: 'boolean',
    default: true,
    description: 'Mark addresses by IFA_PROTO where the kernel keeps it (5.18 and later); false: by a metric.',
  },
  withdraw: {
    type: 'boolean',
    default: false,
    description: 'Hand over and take away all that is announced here, and be ready once nothing is: to uninstall.',
  },
  'log-level': {
    type: 'string',
    default: 'info',
    choices: LOG_LEVELS,
    description: 'Least severe messages that are written.',
  },
} as const satisfies FlagDefinitions;

/**
 * The health endpoint of the data path; undefined for `none`.
 * @throws {ExitRequest} when it is no http URL
 */
export function dataPathURL(text: string): URL | undefined {
  if (text === 'none') {
    return undefined;
  }
  const url = URL.parse(text);
  if (url?.protocol !== 'http:') {
    throw new ExitRequest(`--data-path-health ${JSON.stringify(text)} is no http:// URL; give one, or none`, {
      exitCode: 2,
    });
  }
  return url;
}
