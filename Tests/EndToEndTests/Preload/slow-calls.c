/* Holds some system calls of qemuvm up for a moment, now and then, so that threads and processes come by in other orders
   than usual: ld.so(8), LD_PRELOAD.

   QEMUVM_SLOW_CALLS is how many calls of a thousand wait, each 1 to 40 ms. Programs of other names are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const unsigned longest = 40;
static unsigned per_mille;
static __thread uint64_t state;

__attribute__((constructor)) static void prepare(void) {
  char path[512];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  const char *often = getenv("QEMUVM_SLOW_CALLS");
  if (length <= 0 || !often) return;
  path[length] = 0;
  const char *name = strrchr(path, '/');
  if (name && !strcmp(name, "/qemuvm")) per_mille = (unsigned)atoi(often);
}

/* Of a generator of its own (xorshift) for each thread. */
static void wait_perhaps(void) {
  if (!per_mille) return;
  if (!state) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    state = ((uint64_t)now.tv_nsec * 2654435761u ^ (uint64_t)getpid() << 32 ^ (uintptr_t)&state) | 1;
  }
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  if ((state >> 20) % 1000 >= per_mille) return;
  struct timespec moment = {0, (long)(1 + (state >> 40) % longest) * 1000000L};
  nanosleep(&moment, NULL);
}

#define SLOW(type, name, parameters, arguments)              \
  type name parameters {                                     \
    static type(*real) parameters;                           \
    if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name); \
    wait_perhaps();                                          \
    return real arguments;                                   \
  }

SLOW(int, fsync, (int file), (file))
SLOW(int, rename, (const char *from, const char *to), (from, to))
SLOW(int, unlink, (const char *path), (path))
SLOW(int, mkdir, (const char *path, mode_t mode), (path, mode))
SLOW(int, flock, (int file, int how), (file, how))
SLOW(int, accept4, (int socket, struct sockaddr *address, socklen_t *size, int flags), (socket, address, size, flags))
SLOW(int, connect, (int socket, const struct sockaddr *address, socklen_t size), (socket, address, size))
SLOW(int, bind, (int socket, const struct sockaddr *address, socklen_t size), (socket, address, size))
SLOW(int, listen, (int socket, int backlog), (socket, backlog))
SLOW(ssize_t, sendmsg, (int socket, const struct msghdr *message, int flags), (socket, message, flags))
SLOW(ssize_t, send, (int socket, const void *bytes, size_t size, int flags), (socket, bytes, size, flags))
SLOW(ssize_t, recv, (int socket, void *bytes, size_t size, int flags), (socket, bytes, size, flags))
SLOW(ssize_t, write, (int file, const void *bytes, size_t size), (file, bytes, size))
SLOW(ssize_t, read, (int file, void *bytes, size_t size), (file, bytes, size))
SLOW(int, close, (int file), (file))
SLOW(int, waitid, (idtype_t kind, id_t id, siginfo_t *info, int options), (kind, id, info, options))
SLOW(int, posix_spawn,
     (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
      char *const arguments[], char *const environment[]),
     (pid, path, actions, attributes, arguments, environment))

/* What has come is told late. */
int epoll_wait(int poll, struct epoll_event *events, int most, int timeout) {
  static int (*real)(int, struct epoll_event *, int, int);
  if (!real) real = (int (*)(int, struct epoll_event *, int, int))dlsym(RTLD_NEXT, "epoll_wait");
  int count = real(poll, events, most, timeout);
  wait_perhaps();
  return count;
}

int open(const char *path, int flags, ...) {
  static int (*real)(const char *, int, ...);
  if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
  va_list more;
  va_start(more, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
  va_end(more);
  wait_perhaps();
  return real(path, flags, mode);
}
