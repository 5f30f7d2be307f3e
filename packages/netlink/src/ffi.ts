import koffi from 'koffi';
import { ERRNO } from './errors.ts';
import { readTimespec } from './timespec.ts';

/**
 * The C library's functions that this package calls; the only place with their signatures, since a wrong one ends the
 * process. Every result is the kernel's own way of speaking: 0 or more is success, below 0 is an error number negated.
 * None of them blocks: all sockets are non-blocking or answer while they are asked.
 */
export interface SystemCalls {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Buffer): number;
  send(fd: number, bytes: Uint8Array, flags: number): number;
  recv(fd: number, bytes: Buffer, flags: number): number;
  /** `headers` holds `count` structures mmsghdr whose pointers came from {@link SystemCalls.pointer}. */
  recvmmsg(fd: number, headers: Buffer, count: number, flags: number): number;
  /** `descriptors` holds `count` structures pollfd; it does not wait. How many of them have something to say. */
  poll(descriptors: Buffer, count: number): number;
  setsockopt(fd: number, level: number, name: number, value: Buffer): number;
  getsockopt(fd: number, level: number, name: number, value: Buffer): number;
  open(path: string, flags: number): number;
  close(fd: number): number;
  setns(fd: number, type: number): number;
  /** Milliseconds of the clock. */
  clock(clock: number): number;
  /** The address of a buffer's first byte; valid as long as the buffer lives, since its memory is outside V8's heap. */
  pointer(bytes: Buffer): bigint;
  /**
   * Calls back from the event loop when the descriptor is readable or has an error (libuv's uv_poll, level-triggered);
   * no thread is involved. A libuv handle stops at an error, so start again with `rearm`.
   */
  watch(fd: number, onReadable: () => void): Watch;
}

/** A watched descriptor. */
export interface Watch {
  /** Goes on after an error has been taken from the socket; harmless without one. */
  rearm(): void;
  /** Ends it; to be called before the descriptor is closed. */
  close(): void;
}

/** A result of -1 says that errno holds the reason. */
function result(value: unknown): number {
  const number = Number(value);
  return number === -1 ? -koffi.errno() : number;
}

/** For calls that a signal may interrupt before they did anything. */
function uninterrupted(call: () => unknown): number {
  for (;;) {
    const value = result(call());
    if (value !== -ERRNO.EINTR) {
      return value;
    }
  }
}

/** `mallopt(3)`: M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h. */
const M_TRIM_THRESHOLD = -1;
const M_MMAP_THRESHOLD = -3;
/** What glibc begins with; from then on it raises both with the largest block that was ever freed, up to 64 MiB. */
const MALLOC_THRESHOLD = 128 * 1024;

/**
 * Has the C library give free memory at the end of its arenas back whenever there is {@link MALLOC_THRESHOLD} of it.
 * Left alone it learns from the first large block that large blocks are worth keeping, and an idle process holds 8 MiB
 * of what V8's compilers have left, in as many arenas as V8 has threads. musl has no such function and keeps none.
 */
export function keepLittleFreeMemory(): void {
  let mallopt: (option: number, value: number) => unknown;
  try {
    mallopt = koffi.load(null).func('int mallopt(int option, int value)');
  } catch {
    return;
  }
  mallopt(M_TRIM_THRESHOLD, MALLOC_THRESHOLD);
  mallopt(M_MMAP_THRESHOLD, MALLOC_THRESHOLD);
}

/**
 * Gives memory that the C library keeps for later back to the system (`malloc_trim(3)`), from all its arenas. Compiling a
 * program leaves some 8 MiB there that an idle process never needs again. musl keeps none and has no such function.
 */
export function releaseFreeMemory(): void {
  let trim: (pad: number) => unknown;
  try {
    trim = koffi.load(null).func('int malloc_trim(size_t pad)');
  } catch {
    return;
  }
  trim(0);
}

/**
 * Binds the functions of the C library that Node itself runs with, be it glibc or musl: `koffi.load(null)` looks them up
 * in the running program.
 */
export function loadSystemCalls(): SystemCalls {
  const program = koffi.load(null);
  const socket = program.func('int socket(int domain, int type, int protocol)');
  const bind = program.func('int bind(int fd, const uint8_t *address, uint32_t length)');
  const send = program.func('intptr_t send(int fd, const uint8_t *bytes, size_t length, int flags)');
  const recv = program.func('intptr_t recv(int fd, uint8_t *bytes, size_t length, int flags)');
  const recvmmsg = program.func('int recvmmsg(int fd, uint8_t *headers, uint count, int flags, void *timeout)');
  const poll = program.func('int poll(uint8_t *descriptors, size_t count, int timeout)');
  const setsockopt = program.func('int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t length)');
  const getsockopt = program.func('int getsockopt(int fd, int level, int name, uint8_t *value, uint8_t *length)');
  const open = program.func('int open(const char *path, int flags, ...)');
  const close = program.func('int close(int fd)');
  const setns = program.func('int setns(int fd, int type)');
  const clockGettime = program.func('int clock_gettime(int clock, uint8_t *time)');

  const time = Buffer.alloc(4096);

  return {
    socket: (domain, type, protocol) => result(socket(domain, type, protocol)),
    bind: (fd, address) => result(bind(fd, address, address.length)),
    send: (fd, bytes, flags) => uninterrupted(() => send(fd, bytes, bytes.length, flags) as unknown),
    recv: (fd, bytes, flags) => uninterrupted(() => recv(fd, bytes, bytes.length, flags) as unknown),
    recvmmsg: (fd, headers, count, flags) => uninterrupted(() => recvmmsg(fd, headers, count, flags, null) as unknown),
    poll: (descriptors, count) => uninterrupted(() => poll(descriptors, count, 0) as unknown),
    setsockopt: (fd, level, name, value) => result(setsockopt(fd, level, name, value, value.length)),
    getsockopt: (fd, level, name, value) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(value.length);
      return result(getsockopt(fd, level, name, value, length));
    },
    open: (path, flags) => uninterrupted(() => open(path, flags) as unknown),
    close: (fd) => result(close(fd)),
    setns: (fd, type) => result(setns(fd, type)),
    clock: (clock) => {
      clockGettime(clock, time);
      return readTimespec(time, 0);
    },
    pointer: (bytes) => koffi.address(bytes),
    watch: (fd, onReadable) => {
      let closed = false;
      // libuv calls koffi back outside of Node's callback scope, where promises and nextTick would wait for the next
      // event of somebody else; an immediate runs in the same turn of the loop, and inside such a scope.
      const readable = (): void => {
        setImmediate(() => {
          if (!closed) {
            onReadable();
          }
        });
      };
      const handle = koffi.node.poll(fd, { readable: true }, readable);
      return {
        rearm: () => {
          if (!closed) {
            handle.start({ readable: true }, readable);
          }
        },
        close: () => {
          closed = true;
          handle.close();
        },
      };
    },
  };
}
