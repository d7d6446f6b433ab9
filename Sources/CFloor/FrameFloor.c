#include "CFloor.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { longest = 70000, patience = 10000 };

static int name(struct sockaddr_un *address, const char *path) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (strlen(path) >= sizeof address->sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address->sun_path, path);
  return 0;
}

static int datagrams_at(const char *path) {
  struct sockaddr_un address;
  if (name(&address, path) != 0) return -1;
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  unlink(path);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

int floor_card(struct floor_end *end, const char *card, const char *other) {
  end->control = -1;
  end->size = sizeof(struct sockaddr_un);
  _Static_assert(sizeof end->address >= sizeof(struct sockaddr_un), "an address fits");
  struct sockaddr_un address;
  if (name(&address, other) != 0) return -1;
  memcpy(end->address, &address, sizeof address);
  end->fd = datagrams_at(card);
  return end->fd < 0 ? -1 : 0;
}

// What a client of vde_switch says first, as libvdeplug's vde_open does.
struct vde_request {
  uint32_t magic;
  uint32_t version;
  uint32_t type;
  struct sockaddr_un socket;
  char description[8];
} __attribute__((packed));

int floor_vde_plug(struct floor_end *end, const char *folder, const char *card) {
  char path[108];
  end->size = 0;
  struct sockaddr_un control;
  if (strlen(folder) + 5 > sizeof path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcat(strcpy(path, folder), "/ctl");
  if (name(&control, path) != 0) return -1;
  struct vde_request request = {.magic = 0xfeedface, .version = 3, .type = 0, .description = "bench"};
  struct sockaddr_un own;
  if (name(&own, card) != 0) return -1;
  memcpy(&request.socket, &own, sizeof own);
  end->fd = datagrams_at(card);
  if (end->fd < 0) return -1;
  end->control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_un answer;
  if (end->control < 0 || connect(end->control, (struct sockaddr *)&control, sizeof control) != 0 ||
      send(end->control, &request, sizeof request, MSG_NOSIGNAL) != sizeof request ||
      recv(end->control, &answer, sizeof answer, 0) != sizeof answer)
    return -1;
  return connect(end->fd, (struct sockaddr *)&answer, sizeof answer);
}

void floor_close(struct floor_end *end) {
  if (end->fd >= 0) close(end->fd);
  if (end->control >= 0) close(end->control);
}

static ssize_t put(const struct floor_end *end, const void *frame, size_t size) {
  if (end->size == 0) return send(end->fd, frame, size, MSG_NOSIGNAL);
  return sendto(end->fd, frame, size, MSG_NOSIGNAL, (const struct sockaddr *)end->address, (socklen_t)end->size);
}

int floor_frames(
    const struct floor_end *from, const struct floor_end *to, const void *frame, int size, int count,
    long long *sent) {
  char input[longest];
  int received = 0;
  *sent = 0;
  while (received < count) {
    int moved = 0;
    for (int i = 0; i < 32; i++) {
      if (put(from, frame, (size_t)size) < 0) {
        if (errno == EAGAIN || errno == ENOBUFS) break;
        return -1;
      }
      (*sent)++;
      moved = 1;
    }
    while (recv(to->fd, input, sizeof input, 0) > 0) {
      received++;
      moved = 1;
    }
    if (moved) continue;
    struct pollfd ready[2] = {{.fd = to->fd, .events = POLLIN}, {.fd = from->fd, .events = POLLOUT}};
    const int found = poll(ready, 2, patience);
    if (found < 0 && errno != EINTR) return -1;
    if (found == 0) {
      errno = ETIMEDOUT;
      return -1;
    }
  }
  return 0;
}

static int one(const struct floor_end *from, const struct floor_end *to, const void *frame, int size) {
  char input[longest];
  if (put(from, frame, (size_t)size) < 0) return -1;
  struct pollfd ready = {.fd = to->fd, .events = POLLIN};
  int found;
  do found = poll(&ready, 1, patience);
  while (found < 0 && errno == EINTR);
  if (found == 0) errno = ETIMEDOUT;
  if (found <= 0) return -1;
  return recv(to->fd, input, sizeof input, 0) < 0 ? -1 : 0;
}

int floor_frame_round_trips(
    const struct floor_end *first, const struct floor_end *second, const void *there, const void *back, int size,
    int count) {
  for (int i = 0; i < count; i++) {
    if (one(first, second, there, size) != 0 || one(second, first, back, size) != 0) return -1;
  }
  return 0;
}
