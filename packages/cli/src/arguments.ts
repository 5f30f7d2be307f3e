import { parseArgs } from 'node:util';
import { DEFAULT_NAMESPACE } from '@fairlead/api';

/** What every command that talks to a cluster takes. */
interface ClusterOptions {
  /** Path of a kubeconfig; undefined: `$KUBECONFIG`, then `~/.kube/config`. */
  readonly kubeconfig: string | undefined;
  /** Namespace of the release, where the claims are. */
  readonly releaseNamespace: string;
}

/** What the user wants. */
export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | ({ readonly name: 'services'; /** undefined: all. */ readonly namespace: string | undefined } & ClusterOptions)
  | ({ readonly name: 'why'; readonly namespace: string; readonly service: string } & ClusterOptions);

/** Thrown for arguments that make no sense; the message is a sentence, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const USAGE = `kubectl fairlead: what Fairlead does with the Services of a cluster

  kubectl fairlead services [-n NAMESPACE | -A]   addresses, and who announces them
  kubectl fairlead why SERVICE [-n NAMESPACE]     why a Service has its address, or none
  kubectl fairlead version                        the version of this program

  -n, --namespace NAMESPACE      namespace of the Services (default "default")
  -A, --all-namespaces           Services of all namespaces
      --kubeconfig FILE          default $KUBECONFIG, then ~/.kube/config
      --release-namespace NAME   where Fairlead is installed (default "${DEFAULT_NAMESPACE}")
`;

const OPTIONS = {
  namespace: { type: 'string', short: 'n' },
  'all-namespaces': { type: 'boolean', short: 'A' },
  kubeconfig: { type: 'string' },
  'release-namespace': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** SERVICE as kubectl's users write it: `web`, `service/web`, `svc/web`. */
function serviceName(text: string): string {
  return text.replace(/^(service|services|svc)\//, '');
}

/**
 * Reads the arguments after the program's name.
 * @throws {UsageError} with a sentence for the user
 */
export function parseCommand(argv: readonly string[]): Command {
  const { values, positionals } = parse(argv);
  const [name = 'help', ...rest] = positionals;
  if (values.help === true) {
    return { name: 'help' };
  }
  const cluster: ClusterOptions = {
    kubeconfig: values.kubeconfig,
    releaseNamespace: values['release-namespace'] ?? DEFAULT_NAMESPACE,
  };
  const [first, ...more] = rest;
  switch (name) {
    case 'help':
    case 'version':
      refuse(rest);
      return { name };
    case 'services':
      refuse(rest);
      return {
        name,
        namespace: values['all-namespaces'] === true ? undefined : (values.namespace ?? 'default'),
        ...cluster,
      };
    case 'why':
      if (first === undefined) {
        throw new UsageError('why takes the name of a Service: kubectl fairlead why SERVICE');
      }
      refuse(more);
      return { name, namespace: values.namespace ?? 'default', service: serviceName(first), ...cluster };
    default:
      throw new UsageError(`there is no command ${JSON.stringify(name)}; there are services, why, version and help`);
  }
}

function refuse(rest: readonly string[]): void {
  if (rest.length > 0) {
    throw new UsageError(`unexpected argument ${JSON.stringify(rest[0])}`);
  }
}
