/** Where a server listens: a host (absent: every interface) and a port (0: any free one). */
export interface ListenAddress {
  readonly host?: string;
  readonly port: number;
}

/**
 * Reads `HOST:PORT`, `[IPV6]:PORT` or `:PORT`.
 * @throws {Error} with a sentence that says how to write it
 */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%[^\]]+)?)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new Error(
      `${JSON.stringify(text)} is not an address to listen on; write HOST:PORT, [IPV6]:PORT or :PORT for every interface`,
    );
  }
  const host = match[1] ?? match[2];
  return host === undefined || host === '' ? { port } : { host, port };
}

/** The text form, with brackets around an IPv6 host. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  if (host === undefined) {
    return `:${port}`;
  }
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
