#pragma once

/* The calls of Linux that Swift's Glibc module hides, as functions of plain types. Each returns what the call returns;
   -1 leaves the reason in errno. No feature macro is defined here: it would change what other modules see. */

/* pidfd_open(2). The descriptor is close-on-exec. */
int linux_pidfd_open(int pid);

/* pidfd_send_signal(2). */
int linux_pidfd_send_signal(int pidfd, int signal);

/* waitid(2) with P_PIDFD, WEXITED and WNOHANG: 1 reaped, 0 still running. `code` is CLD_EXITED, CLD_KILLED or
   CLD_DUMPED, `status` the exit code or the signal. */
int linux_reap(int pidfd, int *code, int *status);

/* ioctl PIDFD_GET_INFO (Linux 6.15): 1 with the wait status of a process that is gone, 0 when the kernel has none. */
int linux_pidfd_wait_status(int pidfd, int *wait_status);

/* clock_gettime(2) as the kernel has it, in nanoseconds: no preloaded library sets it. */
long long linux_boot_time(void);
long long linux_monotonic_time(void);

/* timerfd_create(2) CLOCK_MONOTONIC, non-blocking and close-on-exec; and one expiry so many nanoseconds from now, 0 for
   none. */
int linux_timer(void);
int linux_timer_set(int timer, long long nanoseconds);

/* accept4(2), non-blocking and close-on-exec. */
int linux_accept(int listener);

/* socket(2) AF_UNIX SOCK_STREAM and socketpair(2), close-on-exec. */
int linux_unix_socket(int non_blocking);
int linux_socket_pair(int non_blocking, int *first, int *second);

/* socket(2) SOCK_DGRAM, AF_UNIX or connected by UDP to an address of the host, non-blocking and close-on-exec. */
int linux_datagram_socket(void);
int linux_udp_to(const char *address, int port);

/* recvmmsg(2) of at most 32 datagrams, one each `size` bytes of `buffers`: their number, and their lengths, -1 for one
   that was longer. It does not wait. */
int linux_receive(int socket, void *buffers, unsigned long size, int *lengths);

/* sendmmsg(2) of at most 32 datagrams: how many went. It does not wait and raises no signal. */
int linux_send(int socket, const void *const *datagrams, const int *lengths, int count);

/* open(2) with O_PATH and O_NOFOLLOW, close-on-exec: a name for the file, also when its path is gone. */
int linux_open_place(const char *path);
int linux_open_path(const char *path);

/* SO_PEERCRED, see unix(7). */
int linux_peer(int socket, int *pid, unsigned *uid);

/* pipe2(2), close-on-exec. */
int linux_pipe(int *read_end, int *write_end);

/* posix_spawn(3): POSIX_SPAWN_SETSID and posix_spawn_file_actions_addclosefrom_np, hidden by _GNU_SOURCE. */
short linux_spawn_flags(int own_session);
int linux_spawn_close_from(void *actions, int first);
int linux_spawn_change_directory(void *actions, const char *path);

/* flock(2) LOCK_EX, waiting or not. */
int linux_lock_file(int fd, int wait);

/* fcntl(2) F_SETLK on the whole file: 0 taken, -1. F_GETLK: the PID that holds it, 0 for none. */
int linux_lock_record(int fd);
int linux_record_holder(int fd);

/* fcntl(2) F_OFD_GETLK: 1 when somebody else's open file has locked this byte, 0 when nobody has. */
int linux_is_locked(int fd, long long byte);

/* sched_setaffinity(2) of a thread: the CPUs whose bits are set, the first the lowest of the first byte. */
int linux_pin_thread(int thread, const unsigned char *mask, unsigned long size);

/* adjtimex(2): 1 when somebody keeps the clock right, 0 when nobody does, -1 when that is not known. */
int linux_clock_is_synchronized(void);

/* malloc_trim(3) with no pad: 1 when memory went back to the system. */
int linux_trim_heap(void);

/* mallopt(3) M_ARENA_MAX: 1 when it was set. */
int linux_limit_arenas(int most);

/* renameat2(2) with RENAME_NOREPLACE, and with RENAME_EXCHANGE. */
int linux_rename_new(const char *from, const char *to);
int linux_rename_exchange(const char *from, const char *to);

/* UTIME_NOW of utimensat(2). */
extern const long linux_utime_now;

/* fallocate(2) of the first bytes of a file: FALLOC_FL_PUNCH_HOLE leaves zeros that take no space,
   FALLOC_FL_COLLAPSE_RANGE moves all that follows to the beginning. */
int linux_punch_head(int fd, long long bytes);
int linux_collapse_head(int fd, long long bytes);

/* ioctl_ficlone(2): the file `fd` shares all blocks of `source`. */
int linux_clone_file(int fd, int source);

/* lseek(2) with SEEK_DATA, from the beginning. It moves the file's offset. */
long long linux_data_start(int fd);

/* pthread_create(3) of a thread that nobody joins and that takes no signal, and that is called "blocking": 0, or the
   error's number. */
int linux_start_thread(void (*body)(void *), void *argument, unsigned long stack);

/* A new epoll instance that is readable while `fd` is, or with `output` while it is writable, also when it has hung up;
   -1 with errno. Corresponds to epoll_create1(2) and epoll_ctl(2). */
int linux_epoll_of(int fd, int output);

/* epoll(7): an instance; a descriptor in it with the number by which it is told, readable or also writable; changed;
   and those that are ready, at most 64, once there are any. `writable` tells which are that. */
int linux_epoll(void);
int linux_epoll_add(int epoll, int fd, unsigned long long key);
int linux_epoll_change(int epoll, int fd, unsigned long long key, int input, int output);
int linux_epoll_wait(int epoll, unsigned long long *keys, int *writable);

/* signalfd(2) of SIGTERM, SIGINT and SIGHUP, which this thread blocks from then on; non-blocking and close-on-exec. */
int linux_end_signals(void);

/* Gives up for ever what this process may do beyond its user's rights: PR_SET_NO_NEW_PRIVS of prctl(2), and all
   capabilities, capset(2). */
int linux_give_up_rights(void);
