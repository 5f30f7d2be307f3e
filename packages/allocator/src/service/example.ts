import type { ServiceView } from '@fairlead/ipam';

/** For tests: a Service of ours, as it comes without any address. */
export const EXAMPLE_SERVICE: ServiceView = {
  key: 'shop/web',
  namespace: 'shop',
  name: 'web',
  uid: 'u',
  resourceVersion: '7',
  createdAt: 0,
  role: 'ours',
  families: ['IPv4'],
  policy: 'SingleStack',
  ports: ['TCP/80'],
  externalTrafficPolicy: 'Cluster',
  selector: '',
  labels: {},
  reallocate: false,
  observed: { addresses: [], wellFormed: true },
};
