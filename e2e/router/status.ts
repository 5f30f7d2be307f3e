import type { RouterController, RouterStatus } from '@fairlead/router';

/**
 * Waits until the controller's status is as described.
 * @param timeoutMs default 15 s
 * @throws with the last status, when the time is over first
 */
export async function statusOf(
  controller: RouterController,
  isSo: (status: RouterStatus) => boolean,
  timeoutMs = 15_000,
): Promise<RouterStatus> {
  const { promise, resolve, reject } = Promise.withResolvers<RouterStatus>();
  const look = (status: RouterStatus): void => {
    if (isSo(status)) {
      resolve(status);
    }
  };
  const timer = setTimeout(
    () => reject(new Error(`the status stays ${JSON.stringify(controller.status())} for ${timeoutMs} ms`)),
    timeoutMs,
  );
  const end = controller.onChange(look);
  look(controller.status());
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    end();
  }
}

/** Whether all sessions of these names are established, with the current configuration. */
export function areEstablished(...names: readonly string[]): (status: RouterStatus) => boolean {
  return ({ configuration, sessions }) =>
    configuration.type === 'current' &&
    names.every((name) => sessions.some((session) => session.name === name && session.state === 'Established'));
}
