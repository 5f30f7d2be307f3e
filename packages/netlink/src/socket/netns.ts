import { succeeded } from '../errors.ts';
import type { SystemCalls } from '../ffi.ts';

/** fcntl.h: O_RDONLY | O_CLOEXEC. */
const O_CLOEXEC = 0o2000000;

/** sched.h: the descriptor must be a network namespace. */
const CLONE_NEWNET = 0x4000_0000;

/**
 * Runs `open` with this thread in another network namespace, and comes back. A socket belongs for life to the namespace
 * in which it was made, so nothing else has to happen there; `open` is synchronous, so nothing else can.
 * @param path such as `/run/netns/NAME` or `/proc/PID/ns/net`; `undefined` runs `open` where we are
 * @throws {SystemCallError} when there is no such namespace or the process may not enter it (SYS_ADMIN)
 */
export function inNamespace<T>(system: SystemCalls, path: string | undefined, open: () => T): T {
  if (path === undefined) {
    return open();
  }
  const own = succeeded('open the own network namespace', system.open('/proc/thread-self/ns/net', O_CLOEXEC));
  try {
    const other = succeeded(`open the network namespace ${path}`, system.open(path, O_CLOEXEC));
    const entered = system.setns(other, CLONE_NEWNET);
    system.close(other);
    succeeded(`enter the network namespace ${path}`, entered, 'SYS_ADMIN');
    try {
      return open();
    } finally {
      const left = system.setns(own, CLONE_NEWNET);
      if (left < 0) {
        // Everything that this process opens from now on would be in the wrong namespace.
        process.abort();
      }
    }
  } finally {
    system.close(own);
  }
}
