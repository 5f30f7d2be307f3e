import { birdDaemon } from '../bird/daemon.ts';
import { frrDaemon } from '../frr/daemon.ts';
import type { RoutingDaemon } from './daemon.ts';

export interface DaemonsOptions {
  /** The folder shared with the daemon, absolute. */
  readonly directory: string;
  /** BIRD's program, for its check. */
  readonly birdPath: string;
}

/** All daemons that the controller can drive; a Router chooses one of them by `spec.daemon`. */
export function routingDaemons({ directory, birdPath }: DaemonsOptions): readonly RoutingDaemon[] {
  return [birdDaemon({ directory, birdPath }), frrDaemon({ directory, vtyshPath: 'vtysh' })];
}
