import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from './run.ts';

/** The files by which a cluster's API server proves itself and signs tokens. */
export interface Pki {
  readonly caCertificate: string;
  readonly servingCertificate: string;
  readonly servingKey: string;
  /** Private key of the service account issuer. */
  readonly serviceAccountKey: string;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'];

/** Makes a CA, and with it a serving certificate for the names and addresses given, in the folder `pki` of the run. */
export async function createPki(
  run: Run,
  subjects: { readonly dns: readonly string[]; readonly addresses: readonly string[] },
): Promise<Pki> {
  const directory = join(run.directory, 'pki');
  await mkdir(directory, { recursive: true });
  const file = (name: string) => join(directory, name);
  const pki: Pki = {
    caCertificate: file('ca.crt'),
    servingCertificate: file('serving.crt'),
    servingKey: file('serving.key'),
    serviceAccountKey: file('service-account.key'),
  };
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(pki.serviceAccountKey, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  await run.exec([
    'openssl',
    'req',
    '-x509',
    ...KEY,
    '-subj',
    '/CN=fairlead-lab',
    '-keyout',
    file('ca.key'),
    '-out',
    pki.caCertificate,
  ]);
  const names = [...subjects.dns.map((name) => `DNS:${name}`), ...subjects.addresses.map((address) => `IP:${address}`)];
  const sign = ['-CA', pki.caCertificate, '-CAkey', file('ca.key'), '-addext', 'basicConstraints=critical,CA:FALSE'];
  const subject = ['-subj', '/CN=kube-apiserver', '-addext', `subjectAltName=${names.join(',')}`];
  await run.exec([
    'openssl',
    'req',
    '-x509',
    ...KEY,
    ...sign,
    ...subject,
    '-keyout',
    pki.servingKey,
    '-out',
    pki.servingCertificate,
  ]);
  return pki;
}
