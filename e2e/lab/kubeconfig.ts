import { stringify } from 'yaml';

/** Who speaks to which API server. */
export interface Access {
  /** `https://HOST:PORT` */
  readonly server: string;
  /** PEM. */
  readonly caCertificate: string;
  /** Bearer token. */
  readonly token: string;
}

/** A kubeconfig file with one cluster, one user and one context. */
export function kubeconfig({ server, caCertificate, token }: Access): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'lab', cluster: { server, 'certificate-authority-data': Buffer.from(caCertificate).toString('base64') } },
    ],
    users: [{ name: 'lab', user: { token } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab' } }],
    'current-context': 'lab',
  });
}
