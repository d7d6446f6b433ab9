/* Fails one system call of the program it is preloaded into, ld.so(8), or ends the program there.

   A test arms it through the file `failing-calls` beside the state folder, which is mapped here: see `struct plan`. A call
   is known by its label, its name and what it is about without numbers ("rename vms/web@shop/wanted.#.new"), and by how
   often that label has come since. Calls that the C library makes itself are not seen. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { label_size = 120, table_size = 1024 };
enum { role_client = 1, role_supervisor = 2 };
enum { act_fail = 0, act_die = 1, act_fail_then_die = 2 };

/* In the place of an error: half of the bytes are written, or read. */
enum { half = -1 };

/* The test has the same layout. */
struct plan {
  _Atomic int armed;    /* whose calls count: a role, 0 for nobody's */
  _Atomic int lock;     /* of the table */
  _Atomic int hits;     /* how often it struck */
  int act;              /* what is done there */
  int variant;          /* which of the call's usual errors, from 0 */
  int occurrence;       /* the how-manieth call of that label, from 1; 0 for none */
  int labels;           /* entries of the table */
  int reserved;
  char target[label_size];
  struct entry {
    int count;
    int errors;         /* how many usual errors the call has */
    char label[label_size - 8];
  } table[table_size];
};

static struct plan *plan;
static int role;
static char root[256];

static int raw_readlink(const char *path, char *buffer, int size) {
  long count = syscall(SYS_readlinkat, AT_FDCWD, path, buffer, size - 1);
  if (count < 0) count = 0;
  buffer[count] = 0;
  return (int)count;
}

__attribute__((constructor)) static void begin(void) {
  const char *state = getenv("QEMUVM_STATE_DIR");
  const char *slash = state ? strrchr(state, '/') : NULL;
  if (!slash || slash - state >= (long)sizeof root - 20) return;
  memcpy(root, state, slash - state);
  char path[300];
  snprintf(path, sizeof path, "%s/failing-calls", root);
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  struct plan *mapped = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  syscall(SYS_close, fd);
  if (mapped == MAP_FAILED) return;
  fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  char line[4096] = {0};
  syscall(SYS_read, fd, line, sizeof line - 1);
  syscall(SYS_close, fd);
  const char *second = line + strlen(line) + 1;
  const char *third = second + strlen(second) + 1;
  const char *program = strrchr(line, '/');
  if (strncmp(program ? program + 1 : line, "qemuvm", 6) != 0) return;
  role = strcmp(second, "supervisor") == 0 && strcmp(third, "run") == 0 ? role_supervisor : role_client;
  plan = mapped;
}

/* The label's last part: the path below the fleet's root, its numbers as '#'. */
static void describe(char *into, const char *call, const char *subject) {
  size_t length = strlen(root), end = 0;
  if (subject && root[0] && strncmp(subject, root, length) == 0) subject += length;
  end = (size_t)snprintf(into, label_size - 8, "%s", call);
  if (!subject) return;
  if (end < label_size - 10) into[end++] = ' ';
  for (const char *next = subject; *next && end < label_size - 10; next++) {
    int is_digit = *next >= '0' && *next <= '9';
    if (is_digit && end > 0 && into[end - 1] == '#') continue;
    into[end++] = is_digit ? '#' : *next;
  }
  into[end] = 0;
}

/* Ends the program as kill -9 does; the plan is free for those that come after it. */
static void die(void) {
  atomic_store(&plan->lock, 0);
  kill(getpid(), SIGKILL);
}

/* Whether this call fails, and with what: 0 when it goes on. The errors end with 0. */
static int strikes_path(const char *call, const char *subject, const int *errors) {
  if (!plan || atomic_load(&plan->armed) != role) return 0;
  int before = errno;
  char label[label_size];
  describe(label, call, subject);
  while (atomic_exchange(&plan->lock, 1)) syscall(SYS_sched_yield);
  int strikes = 0;
  if (plan->act == act_fail_then_die && atomic_load(&plan->hits) > 0) die();
  int index = 0;
  while (index < plan->labels && strcmp(plan->table[index].label, label) != 0) index++;
  if (index < table_size) {
    if (index == plan->labels) {
      strcpy(plan->table[index].label, label);
      plan->table[index].count = 0;
      plan->table[index].errors = 0;
      while (errors[plan->table[index].errors]) plan->table[index].errors++;
      plan->labels++;
    }
    int count = ++plan->table[index].count;
    strikes = count == plan->occurrence && strcmp(plan->target, label) == 0;
  }
  if (strikes) {
    atomic_fetch_add(&plan->hits, 1);
    if (plan->act == act_die) die();
  }
  atomic_store(&plan->lock, 0);
  errno = before;
  if (!strikes) return 0;
  int error = 0;
  for (int variant = 0; variant <= plan->variant && errors[variant]; variant++) error = errors[variant];
  return error;
}

static int strikes_fd(const char *call, int fd, const int *errors) {
  if (!plan || atomic_load(&plan->armed) != role) return 0;
  int before = errno;
  char link[64], target[512];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  raw_readlink(link, target, sizeof target);
  errno = before;
  return strikes_path(call, target, errors);
}

#define NEXT(name) \
  static __typeof__(name) *next; \
  if (!next) next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define ERRORS(...) (const int[]){__VA_ARGS__, 0}
#define FAIL(error, result) \
  do { \
    int code = (error); \
    if (code) { errno = code; return result; } \
  } while (0)
#define BY_PATH(path, ...) FAIL(strikes_path(__func__, path, ERRORS(__VA_ARGS__)), -1)
#define BY_FD(fd, ...) FAIL(strikes_fd(__func__, fd, ERRORS(__VA_ARGS__)), -1)

/* Of a call that moves bytes; one byte alone cannot be halved. */
#define BYTES(fd, count, ...) \
  do { \
    int code = strikes_fd(__func__, fd, ERRORS(__VA_ARGS__, half)); \
    if (code == half) { \
      if (count > 1) count /= 2; \
    } else if (code) { \
      errno = code; \
      return -1; \
    } \
  } while (0)

int open(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0;
  va_end(list);
  NEXT(open);
  if (flags & O_CREAT)
    BY_PATH(path, EIO, EMFILE, ENOSPC, EINTR);
  else
    BY_PATH(path, EIO, EMFILE, EACCES, EINTR);
  return next(path, flags, mode);
}

int openat(int fd, const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0;
  va_end(list);
  NEXT(openat);
  BY_PATH(path, EIO, EMFILE, EACCES, EINTR);
  return next(fd, path, flags, mode);
}

int fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  void *argument = va_arg(list, void *);
  va_end(list);
  NEXT(fcntl);
  if (command == F_DUPFD_CLOEXEC) FAIL(strikes_path("fcntl F_DUPFD", NULL, ERRORS(EMFILE, EINVAL)), -1);
  if (command == F_SETLK) FAIL(strikes_fd("fcntl F_SETLK", fd, ERRORS(ENOLCK, EIO, EINTR)), -1);
  if (command == F_GETLK) FAIL(strikes_fd("fcntl F_GETLK", fd, ERRORS(ENOLCK, EIO)), -1);
  if (command == F_OFD_GETLK) FAIL(strikes_fd("fcntl F_OFD_GETLK", fd, ERRORS(ENOLCK, EIO)), -1);
  if (command == F_SETFL) FAIL(strikes_fd("fcntl F_SETFL", fd, ERRORS(EPERM, EIO)), -1);
  return next(fd, command, argument);
}

int access(const char *path, int mode) { NEXT(access); BY_PATH(path, EIO, EACCES); return next(path, mode); }
int stat(const char *path, struct stat *status) { NEXT(stat); BY_PATH(path, EIO, EACCES, ENOMEM); return next(path, status); }
int lstat(const char *path, struct stat *status) { NEXT(lstat); BY_PATH(path, EIO, EACCES, ENOMEM); return next(path, status); }
int fstat(int fd, struct stat *status) {
  NEXT(fstat);
  int before = errno, result = next(fd, status);
  /* It cannot fail of anything but a file. */
  if (result == 0 && !S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode)) return result;
  errno = before;
  BY_FD(fd, EIO, ENOMEM);
  return result;
}
int fstatat(int fd, const char *path, struct stat *status, int flags) {
  NEXT(fstatat);
  BY_PATH(path, EIO, EACCES, ENOMEM);
  return next(fd, path, status, flags);
}
int statvfs(const char *path, struct statvfs *status) { NEXT(statvfs); BY_PATH(path, EIO, ENOMEM, EINTR); return next(path, status); }
int mkdir(const char *path, mode_t mode) { NEXT(mkdir); BY_PATH(path, ENOSPC, EIO, EACCES); return next(path, mode); }
int rmdir(const char *path) { NEXT(rmdir); BY_PATH(path, EIO, EBUSY, EACCES); return next(path); }
int unlink(const char *path) { NEXT(unlink); BY_PATH(path, EIO, EROFS, EACCES); return next(path); }
int unlinkat(int fd, const char *path, int flags) { NEXT(unlinkat); BY_PATH(path, EIO, EROFS, EACCES); return next(fd, path, flags); }
int rename(const char *from, const char *to) { NEXT(rename); BY_PATH(to, EIO, ENOSPC, EACCES); return next(from, to); }
int renameat2(int old, const char *from, int new, const char *to, unsigned flags) {
  NEXT(renameat2);
  /* EINVAL and ENOSYS are those of a file system without the flag. */
  BY_PATH(to, EIO, ENOSPC, EINVAL);
  return next(old, from, new, to, flags);
}
int link(const char *from, const char *to) { NEXT(link); BY_PATH(to, EIO, ENOSPC, EPERM); return next(from, to); }
int symlink(const char *target, const char *path) { NEXT(symlink); BY_PATH(path, ENOSPC, EIO, EACCES); return next(target, path); }
int chmod(const char *path, mode_t mode) { NEXT(chmod); BY_PATH(path, EPERM, EIO); return next(path, mode); }
int fchmodat(int fd, const char *path, mode_t mode, int flags) {
  NEXT(fchmodat);
  BY_PATH(path, EPERM, EIO);
  return next(fd, path, mode, flags);
}
int utimensat(int fd, const char *path, const struct timespec times[2], int flags) {
  NEXT(utimensat);
  BY_PATH(path, EIO, EPERM);
  return next(fd, path, times, flags);
}
char *getcwd(char *buffer, size_t size) { NEXT(getcwd); FAIL(strikes_path("getcwd", NULL, ERRORS(ENOENT, EACCES)), NULL); return next(buffer, size); }
ssize_t readlink(const char *path, char *buffer, size_t size) { NEXT(readlink); BY_PATH(path, EIO, EACCES, ENOMEM); return next(path, buffer, size); }
char *realpath(const char *path, char *buffer) { NEXT(realpath); FAIL(strikes_path("realpath", path, ERRORS(EIO, EACCES)), NULL); return next(path, buffer); }
DIR *opendir(const char *path) { NEXT(opendir); FAIL(strikes_path("opendir", path, ERRORS(EIO, EMFILE, EACCES, EINTR)), NULL); return next(path); }
DIR *fdopendir(int fd) { NEXT(fdopendir); FAIL(strikes_fd("fdopendir", fd, ERRORS(ENOMEM, EIO)), NULL); return next(fd); }
struct dirent *readdir(DIR *stream) { NEXT(readdir); FAIL(strikes_fd("readdir", dirfd(stream), ERRORS(EIO, ENOMEM)), NULL); return next(stream); }

ssize_t read(int fd, void *buffer, size_t count) { NEXT(read); BYTES(fd, count, EIO, EINTR); return next(fd, buffer, count); }
ssize_t pread(int fd, void *buffer, size_t count, off_t place) { NEXT(pread); BYTES(fd, count, EIO, EINTR); return next(fd, buffer, count, place); }
ssize_t write(int fd, const void *buffer, size_t count) { NEXT(write); BYTES(fd, count, ENOSPC, EIO, EINTR); return next(fd, buffer, count); }
ssize_t pwrite(int fd, const void *buffer, size_t count, off_t place) { NEXT(pwrite); BYTES(fd, count, ENOSPC, EIO, EINTR); return next(fd, buffer, count, place); }
ssize_t send(int fd, const void *buffer, size_t count, int flags) { NEXT(send); BYTES(fd, count, ENOBUFS, ECONNRESET, EINTR); return next(fd, buffer, count, flags); }
ssize_t recv(int fd, void *buffer, size_t count, int flags) { NEXT(recv); BYTES(fd, count, ECONNRESET, ENOMEM, EINTR); return next(fd, buffer, count, flags); }
int fsync(int fd) { NEXT(fsync); BY_FD(fd, EIO, ENOSPC, EINTR); return next(fd); }
int fdatasync(int fd) { NEXT(fdatasync); BY_FD(fd, EIO, ENOSPC, EINTR); return next(fd); }
int ftruncate(int fd, off_t size) { NEXT(ftruncate); BY_FD(fd, EIO, ENOSPC, EINTR); return next(fd, size); }
off_t lseek(int fd, off_t place, int whence) { NEXT(lseek); BY_FD(fd, EIO, EINVAL); return next(fd, place, whence); }
int fallocate(int fd, int mode, off_t place, off_t length) { NEXT(fallocate); BY_FD(fd, EIO, EOPNOTSUPP, EINTR); return next(fd, mode, place, length); }
int flock(int fd, int operation) { NEXT(flock); BY_FD(fd, ENOLCK, EINTR, EIO); return next(fd, operation); }

int socket(int domain, int type, int protocol) { NEXT(socket); BY_PATH(NULL, EMFILE, ENOBUFS, ENOMEM); return next(domain, type, protocol); }
int socketpair(int domain, int type, int protocol, int pair[2]) { NEXT(socketpair); BY_PATH(NULL, EMFILE, ENOBUFS, ENOMEM); return next(domain, type, protocol, pair); }
int pipe2(int ends[2], int flags) { NEXT(pipe2); BY_PATH(NULL, EMFILE, ENFILE, ENOMEM); return next(ends, flags); }
int listen(int fd, int backlog) { NEXT(listen); BY_FD(fd, EADDRINUSE, EIO); return next(fd, backlog); }
int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags) {
  NEXT(accept4);
  BY_FD(fd, EMFILE, ECONNABORTED, EINTR, ENOMEM);
  return next(fd, address, size, flags);
}
static const char *place(const struct sockaddr *address) {
  return address && address->sa_family == AF_UNIX ? ((const struct sockaddr_un *)address)->sun_path : NULL;
}
int bind(int fd, const struct sockaddr *address, socklen_t size) { NEXT(bind); BY_PATH(place(address), ENOSPC, EACCES, EADDRINUSE); return next(fd, address, size); }
int connect(int fd, const struct sockaddr *address, socklen_t size) { NEXT(connect); BY_PATH(place(address), EAGAIN, ECONNREFUSED, EACCES, EINTR); return next(fd, address, size); }
int getsockopt(int fd, int level, int name, void *value, socklen_t *size) {
  NEXT(getsockopt);
  BY_FD(fd, ENOBUFS, EIO);
  return next(fd, level, name, value, size);
}
int poll(struct pollfd *entries, nfds_t count, int milliseconds) {
  NEXT(poll);
  BY_FD(count > 0 ? entries[0].fd : -1, EINTR, ENOMEM);
  return next(entries, count, milliseconds);
}

int epoll_create1(int flags) { NEXT(epoll_create1); BY_PATH(NULL, EMFILE, ENOMEM); return next(flags); }
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
  NEXT(epoll_ctl);
  Dl_info caller;
  int is_dispatch = dladdr(__builtin_return_address(0), &caller) && strstr(caller.dli_fname, "libdispatch");
  const char *call = is_dispatch ? "epoll_ctl of Dispatch" : "epoll_ctl";
  if (operation == EPOLL_CTL_ADD) FAIL(strikes_fd(call, fd, ERRORS(ENOSPC, ENOMEM)), -1);
  return next(epoll, operation, fd, event);
}
int eventfd(unsigned initial, int flags) { NEXT(eventfd); BY_PATH(NULL, EMFILE, ENFILE, ENOMEM); return next(initial, flags); }
int timerfd_create(int clock, int flags) { NEXT(timerfd_create); BY_PATH(NULL, EMFILE, ENFILE, ENOMEM); return next(clock, flags); }
int inotify_init1(int flags) { NEXT(inotify_init1); BY_PATH(NULL, EMFILE, ENFILE, ENOMEM); return next(flags); }
int inotify_add_watch(int fd, const char *path, uint32_t mask) { NEXT(inotify_add_watch); BY_PATH(path, ENOSPC, EACCES, ENOMEM); return next(fd, path, mask); }

/* Those that return their error. */
int posix_spawn(
    pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
    char *const arguments[], char *const environment[]) {
  NEXT(posix_spawn);
  const char *name = strrchr(path, '/');
  int code = strikes_path(__func__, name ? name + 1 : path, ERRORS(EAGAIN, ENOMEM, EACCES, EIO));
  return code ? code : next(pid, path, actions, attributes, arguments, environment);
}
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
  NEXT(pthread_create);
  int code = strikes_path(__func__, NULL, ERRORS(EAGAIN, ENOMEM));
  return code ? code : next(thread, attributes, body, argument);
}

int waitid(idtype_t type, id_t id, siginfo_t *information, int options) {
  NEXT(waitid);
  /* Another's child, and where SIGCHLD was ignored when we were started. */
  BY_PATH(NULL, ECHILD, EINTR);
  return next(type, id, information, options);
}
int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void *argument = va_arg(list, void *);
  va_end(list);
  NEXT(ioctl);
  BY_FD(fd, ENOTTY, EIO);
  return next(fd, request, argument);
}

long syscall(long number, ...) {
  va_list list;
  va_start(list, number);
  long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
  long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
  va_end(list);
  static long (*next)(long, ...);
  if (!next) next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  if (number == SYS_pidfd_open) FAIL(strikes_path("pidfd_open", NULL, ERRORS(EMFILE, ENOMEM)), -1);
  if (number == SYS_pidfd_send_signal) FAIL(strikes_path("pidfd_send_signal", NULL, ERRORS(EPERM, EINVAL)), -1);
  return next(number, a, b, c, d, e, f);
}
