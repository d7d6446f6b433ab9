#include "CFloor.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int send_request(int socket, int id) {
  char request[64];
  const int size = snprintf(request, sizeof request, "{\"execute\":\"query-status\",\"id\":%d}\n", id);
  return write(socket, request, (size_t)size) == size ? 0 : -1;
}

static int count_lines(const char *text, size_t size) {
  int lines = 0;
  for (const char *end = text + size; (text = memchr(text, '\n', (size_t)(end - text))) != NULL; text++) lines++;
  return lines;
}

int floor_round_trips(int socket, int count, int window) {
  char input[65536];
  int sent = 0;
  int answered = 0;
  while (answered < count) {
    while (sent < count && sent - answered < window) {
      if (send_request(socket, ++sent) != 0) return -1;
    }
    struct pollfd readable = {.fd = socket, .events = POLLIN};
    const int ready = poll(&readable, 1, 10000);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      if (ready == 0) errno = ETIMEDOUT;
      return -1;
    }
    const ssize_t size = read(socket, input, sizeof input);
    if (size <= 0) {
      if (size == 0) errno = ECONNRESET;
      return -1;
    }
    answered += count_lines(input, (size_t)size);
  }
  return 0;
}
