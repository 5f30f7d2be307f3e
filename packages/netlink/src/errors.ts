import { getSystemErrorMap } from 'node:util';

/** Error numbers that this package decides by (asm-generic/errno-base.h, errno.h; the same on x86-64 and arm64). */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  ENXIO: 6,
  EBADF: 9,
  EAGAIN: 11,
  EEXIST: 17,
  ENODEV: 19,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  ENETDOWN: 100,
  ENOBUFS: 105,
} as const;

/** The symbol of an error number, `EEXIST` for 17; `ERRNO_524` for one that only kernels know. */
export function errnoName(errno: number): string {
  if (errno === ERRNO.EOPNOTSUPP) {
    // libuv calls it ENOTSUP, which is the same number on Linux; man pages and strace know this name.
    return 'EOPNOTSUPP';
  }
  return getSystemErrorMap().get(-errno)?.[0] ?? `ERRNO_${errno}`;
}

function errnoText(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[1] ?? 'an error that only the kernel knows';
}

/** The Linux capabilities whose lack this package explains. */
export type Capability = 'NET_ADMIN' | 'NET_RAW' | 'SYS_ADMIN';

function whatToDo(errno: number, capability: Capability | undefined): string {
  return errno === ERRNO.EPERM && capability !== undefined
    ? `; the process lacks CAP_${capability}: run it as root, or add ${capability} to the capabilities of its container`
    : '';
}

/** Thrown when a system call fails that this package needs. `code` is the symbol of the error number, `EPERM` say. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';
  readonly code: string;
  readonly errno: number;

  /**
   * @param what the thing that was tried, such as `open a netlink socket`
   * @param errno positive
   * @param capability what EPERM would mean here
   */
  constructor(what: string, errno: number, capability?: Capability) {
    super(`cannot ${what}: ${errnoText(errno)} (${errnoName(errno)})${whatToDo(errno, capability)}`);
    this.errno = errno;
    this.code = errnoName(errno);
  }
}

/**
 * Hands a system call's result through.
 * @throws {SystemCallError} when it is negative
 */
export function succeeded(what: string, result: number, capability?: Capability): number {
  if (result < 0) {
    throw new SystemCallError(what, -result, capability);
  }
  return result;
}

/** What the kernel said about a request (NLMSG_ERROR and its extended attributes). */
export interface KernelRefusal {
  /** Positive error number. */
  readonly errno: number;
  /** The kernel's own sentence (NLMSGERR_ATTR_MSG), where it gave one. */
  readonly kernelMessage?: string | undefined;
  /** Offset in the request of the attribute that it dislikes. */
  readonly offset?: number | undefined;
}

/**
 * A netlink request that the kernel refused. Look at `code`: EEXIST, EADDRNOTAVAIL and ESRCH often mean that the wanted
 * state is there already; EPERM that CAP_NET_ADMIN is missing; ENODEV that the interface is gone.
 */
export class NetlinkError extends Error {
  override readonly name = 'NetlinkError';
  readonly code: string;
  readonly errno: number;
  readonly kernelMessage: string | undefined;
  readonly offset: number | undefined;

  /** @param request what was asked, such as `add address 192.0.2.1/32 to interface 3` */
  constructor(request: string, refusal: KernelRefusal) {
    const { errno, kernelMessage, offset } = refusal;
    const said = kernelMessage === undefined ? '' : `: ${kernelMessage}`;
    super(`cannot ${request}: ${errnoText(errno)} (${errnoName(errno)})${said}${whatToDo(errno, 'NET_ADMIN')}`);
    this.code = errnoName(errno);
    this.errno = errno;
    this.kernelMessage = kernelMessage;
    this.offset = offset;
  }
}

/** Thrown by the decoders for bytes that are no message of the format: truncated, lengths that lie, wrong sizes. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}
