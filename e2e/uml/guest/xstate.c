/*
 * Preloaded into linux.uml. User-mode Linux gives its processes their floating-point registers with a buffer of fixed
 * size, and the host's kernel refuses one that is shorter than its own XSAVE area (arch/x86/kernel/fpu/regset.c,
 * xstateregs_set: EFAULT): on a CPU with AMX that has 11,008 bytes, and the guest dies before its first process.
 * Here such a buffer is lengthened with zeros; the components that they stand for are not in use, as its header says.
 *
 * It declares what it needs of libc by itself, so that a compiler without libc's headers can build it.
 */
typedef unsigned long size;
struct piece {
  void *bytes;
  size length;
};

extern void *dlsym(void *handle, const char *name);
#define NEXT ((void *)-1L) /* RTLD_NEXT */

enum {
  GET_REGISTER_SET = 0x4204, /* PTRACE_GETREGSET */
  SET_REGISTER_SET = 0x4205, /* PTRACE_SETREGSET */
  XSTATE = 0x202,            /* NT_X86_XSTATE */
};

static char state[65536] __attribute__((aligned(64)));
/* Length of the host's area; 0 until it has been asked. It is one for all processes. */
static size host_length;

typedef long ptrace_of_libc(long request, ...);

static size ask_host(ptrace_of_libc *ptrace_, int pid) {
  struct piece all = {state, sizeof state};
  return ptrace_(GET_REGISTER_SET, pid, (void *)XSTATE, &all) == 0 ? all.length : 0;
}

long ptrace(long request, int pid, void *address, void *data) {
  static ptrace_of_libc *ptrace_;
  if (ptrace_ == 0) ptrace_ = (ptrace_of_libc *)dlsym(NEXT, "ptrace");
  if (request != SET_REGISTER_SET || address != (void *)XSTATE) return ptrace_(request, pid, address, data);

  if (host_length == 0) host_length = ask_host(ptrace_, pid);
  const struct piece *given = data;
  if (given->length >= host_length) return ptrace_(request, pid, address, data);
  __builtin_memcpy(state, given->bytes, given->length);
  __builtin_memset(state + given->length, 0, host_length - given->length);
  struct piece whole = {state, host_length};
  return ptrace_(request, pid, address, &whole);
}
