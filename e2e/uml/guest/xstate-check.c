/*
 * Tells whether xstate.so does its work, on any CPU: preloaded behind it into any program, it plays a host with AMX
 * and a guest that knows of less, and ends the program with status 0 where the registers arrive whole.
 */
typedef unsigned long size;
struct piece {
  void *bytes;
  size length;
};

extern void _exit(int status);

enum { GET_REGISTER_SET = 0x4204, SET_REGISTER_SET = 0x4205, XSTATE = 0x202, HOST = 11008, GUEST = 2696 };

static unsigned char registers[HOST];

/* The host, by the name that xstate.so looks for. It takes its own length and no other. */
long ptrace(long request, int pid, void *address, void *data) {
  struct piece *given = data;
  if (address != (void *)XSTATE) return pid;
  if (request == GET_REGISTER_SET) given->length = HOST;
  if (given->length != HOST) return -1;
  if (request == GET_REGISTER_SET) __builtin_memset(given->bytes, 0xff, HOST);
  if (request == SET_REGISTER_SET) __builtin_memcpy(registers, given->bytes, HOST);
  return 0;
}

static int arrived(unsigned char value) {
  for (size at = 0; at < HOST; at++)
    if (registers[at] != (at < GUEST ? value : 0)) return 0;
  return 1;
}

/* The guest: its calls find xstate.so first. */
__attribute__((constructor)) static void guest(void) {
  static unsigned char own[GUEST];
  struct piece state = {own, GUEST};
  if (ptrace(0, 7, 0, 0) != 7) _exit(2); /* what is no business of its */
  for (unsigned char value = 1; value < 4; value++) {
    __builtin_memset(own, value, GUEST);
    if (ptrace(SET_REGISTER_SET, 7, (void *)XSTATE, &state) != 0) _exit(3);
    if (!arrived(value) || state.length != GUEST) _exit(4);
  }
  _exit(0);
}
