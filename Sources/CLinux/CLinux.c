#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int linux_pidfd_open(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int linux_pidfd_send_signal(int pidfd, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int linux_pin_thread(int thread, const unsigned char *mask, unsigned long size) {
  return syscall(SYS_sched_setaffinity, thread, size, mask) < 0 ? -1 : 0;
}

int linux_reap(int pidfd, int *code, int *status) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) != 0) return -1;
  if (info.si_pid == 0) return 0;
  *code = info.si_code;
  *status = info.si_status;
  return 1;
}

int linux_pidfd_wait_status(int pidfd, int *wait_status) {
  /* struct pidfd_info, linux/pidfd.h: 64 bytes, mask first, exit_code last; bit 3 of the mask is PIDFD_INFO_EXIT. */
  uint8_t info[64] = {0};
  const uint64_t exit_bit = 1u << 3;
  memcpy(info, &exit_bit, sizeof exit_bit);
  if (ioctl(pidfd, 0xC040FF0BUL, info) != 0) return errno == ENOTTY || errno == EINVAL || errno == ESRCH ? 0 : -1;
  uint64_t mask;
  int32_t status;
  memcpy(&mask, info, sizeof mask);
  memcpy(&status, info + 60, sizeof status);
  if (!(mask & exit_bit)) return 0;
  *wait_status = status;
  return 1;
}

static long long clock_now(clockid_t clock) {
  struct timespec now = {0};
  syscall(SYS_clock_gettime, clock, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

long long linux_boot_time(void) { return clock_now(CLOCK_BOOTTIME); }

long long linux_monotonic_time(void) { return clock_now(CLOCK_MONOTONIC); }

int linux_timer(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); }

int linux_timer_set(int timer, long long nanoseconds) {
  struct itimerspec next = {.it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000}};
  return (int)syscall(SYS_timerfd_settime, timer, 0, &next, NULL);
}

int linux_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

int linux_unix_socket(int non_blocking) {
  return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (non_blocking ? SOCK_NONBLOCK : 0), 0);
}

int linux_socket_pair(int non_blocking, int *first, int *second) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (non_blocking ? SOCK_NONBLOCK : 0), 0, pair) != 0) return -1;
  *first = pair[0];
  *second = pair[1];
  return 0;
}

int linux_open_place(const char *path) { return open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC); }
int linux_open_path(const char *path) { return open(path, O_PATH | O_CLOEXEC); }

int linux_peer(int socket, int *pid, unsigned *uid) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -1;
  *pid = peer.pid;
  *uid = peer.uid;
  return 0;
}

int linux_pipe(int *read_end, int *write_end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  *read_end = ends[0];
  *write_end = ends[1];
  return 0;
}

short linux_spawn_flags(int own_session) {
  return (own_session ? POSIX_SPAWN_SETSID : 0) | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
}

int linux_spawn_close_from(void *actions, int first) {
  return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int linux_spawn_change_directory(void *actions, const char *path) {
  return posix_spawn_file_actions_addchdir_np(actions, path);
}

int linux_lock_file(int fd, int wait) {
  int result;
  do result = flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB));
  while (result != 0 && errno == EINTR);
  return result;
}

int linux_lock_record(int fd) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(fd, F_SETLK, &lock);
}

int linux_record_holder(int fd) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (fcntl(fd, F_GETLK, &lock) != 0) return -1;
  return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

int linux_is_locked(int fd, long long byte) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
  if (fcntl(fd, F_OFD_GETLK, &lock) != 0) return -1;
  return lock.l_type != F_UNLCK;
}

int linux_clock_is_synchronized(void) {
  struct timex clock = {0};
  int state = adjtimex(&clock);
  return state < 0 ? -1 : state != TIME_ERROR;
}

int linux_trim_heap(void) { return malloc_trim(0); }
int linux_limit_arenas(int most) { return mallopt(M_ARENA_MAX, most); }

int linux_rename_new(const char *from, const char *to) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

int linux_rename_exchange(const char *from, const char *to) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE);
}

const long linux_utime_now = UTIME_NOW;

int linux_punch_head(int fd, long long bytes) {
  return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, bytes);
}

int linux_collapse_head(int fd, long long bytes) { return fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, bytes); }

/* FICLONE, linux/fs.h. */
int linux_clone_file(int fd, int source) { return ioctl(fd, _IOW(0x94, 9, int), source); }

long long linux_data_start(int fd) { return lseek(fd, 0, SEEK_DATA); }

struct start {
  void (*body)(void *);
  void *argument;
};

static void *begin(void *pointer) {
  struct start start = *(struct start *)pointer;
  free(pointer);
  pthread_setname_np(pthread_self(), "blocking");
  start.body(start.argument);
  return NULL;
}

int linux_start_thread(void (*body)(void *), void *argument, unsigned long stack) {
  struct start *start = malloc(sizeof *start);
  if (start == NULL) return ENOMEM;
  *start = (struct start){body, argument};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // The thread inherits the mask.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  int code = pthread_create(&thread, &attributes, begin, start);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (code != 0) free(start);
  return code;
}

int linux_epoll_of(int fd, int output) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return -1;
  struct epoll_event event = {.events = output ? EPOLLOUT : EPOLLIN};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0) return epoll;
  const int code = errno;
  close(epoll);
  errno = code;
  return -1;
}

int linux_datagram_socket(void) { return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

int linux_udp_to(const char *text, int port) {
  union {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
  } address = {.any = {0}};
  socklen_t size;
  if (inet_pton(AF_INET, text, &address.four.sin_addr) == 1) {
    address.four.sin_family = AF_INET;
    address.four.sin_port = htons((uint16_t)port);
    size = sizeof address.four;
  } else if (inet_pton(AF_INET6, text, &address.six.sin6_addr) == 1) {
    address.six.sin6_family = AF_INET6;
    address.six.sin6_port = htons((uint16_t)port);
    size = sizeof address.six;
  } else {
    errno = EINVAL;
    return -1;
  }
  const int fd = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || connect(fd, &address.any, size) == 0) return fd;
  const int code = errno;
  close(fd);
  errno = code;
  return -1;
}

enum { most_datagrams = 32 };

int linux_receive(int socket, void *buffers, unsigned long size, int *lengths) {
  struct iovec places[most_datagrams];
  struct mmsghdr messages[most_datagrams];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < most_datagrams; i++) {
    places[i] = (struct iovec){(char *)buffers + (unsigned long)i * size, size};
    messages[i].msg_hdr.msg_iov = &places[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const int count = recvmmsg(socket, messages, most_datagrams, MSG_DONTWAIT, NULL);
  for (int i = 0; i < count; i++) {
    lengths[i] = messages[i].msg_hdr.msg_flags & MSG_TRUNC ? -1 : (int)messages[i].msg_len;
  }
  return count;
}

int linux_send(int socket, const void *const *datagrams, const int *lengths, int count) {
  struct iovec places[most_datagrams];
  struct mmsghdr messages[most_datagrams];
  if (count > most_datagrams) count = most_datagrams;
  memset(messages, 0, (size_t)count * sizeof *messages);
  for (int i = 0; i < count; i++) {
    places[i] = (struct iovec){(void *)datagrams[i], (size_t)lengths[i]};
    messages[i].msg_hdr.msg_iov = &places[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  return sendmmsg(socket, messages, (unsigned)count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int linux_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }

int linux_epoll_add(int epoll, int fd, unsigned long long key) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = key};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int linux_epoll_change(int epoll, int fd, unsigned long long key, int input, int output) {
  struct epoll_event event = {.events = (input ? EPOLLIN : 0) | (output ? EPOLLOUT : 0), .data.u64 = key};
  return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}

int linux_epoll_wait(int epoll, unsigned long long *keys, int *writable) {
  struct epoll_event events[64];
  const int count = epoll_wait(epoll, events, 64, -1);
  for (int i = 0; i < count; i++) {
    keys[i] = events[i].data.u64;
    writable[i] = (events[i].events & EPOLLOUT) != 0;
  }
  return count;
}

int linux_end_signals(void) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0) return -1;
  return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

int linux_give_up_rights(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return (int)syscall(SYS_capset, &header, none);
}
