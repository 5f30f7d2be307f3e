import { DEFAULT_LOAD_BALANCER_CLASS, DEFAULT_NAMESPACE } from '@fairlead/api';
import { LOG_LEVELS } from '@fairlead/runtime';
import type { FlagDefinitions } from '@fairlead/runtime';

/** The flags of the allocator; their names are a contract. */
export const FLAGS = {
  kubeconfig: {
    type: 'string',
    description: 'Path of a kubeconfig; without one, the service account of the Pod',
    env: ['KUBECONFIG'],
    placeholder: 'FILE',
  },
  namespace: {
    type: 'string',
    default: DEFAULT_NAMESPACE,
    description: 'Namespace of the release, where the Leases are',
    placeholder: 'NAME',
  },
  'load-balancer-class': {
    type: 'string',
    default: DEFAULT_LOAD_BALANCER_CLASS,
    description: 'The spec.loadBalancerClass of the Services that get addresses',
    placeholder: 'CLASS',
  },
  'default-class': {
    type: 'boolean',
    default: false,
    description: 'Give addresses also to Services without a class',
  },
  'leader-elect': {
    type: 'boolean',
    default: true,
    description: 'Work only while holding the Lease; false where there is one replica for certain',
  },
  identity: {
    type: 'string',
    description: 'Name in the Lease; by default the name of the Pod (the host name)',
    env: ['POD_NAME'],
    placeholder: 'NAME',
  },
  'announced-by': {
    type: 'boolean',
    default: true,
    description: 'Copy which node holds a local address into an annotation of the Service',
  },
  'metrics-address': {
    type: 'string',
    default: '127.0.0.1:7672',
    description: 'Where /metrics, /healthz and /readyz are served',
    placeholder: 'HOST:PORT',
  },
  'log-level': {
    type: 'string',
    default: 'info',
    choices: LOG_LEVELS,
    description: 'Least severe level that is logged',
  },
} as const satisfies FlagDefinitions;
