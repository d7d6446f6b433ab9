#include "CFloor.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// The package manager shows a C target no header of the toolchain's Dispatch, which every Swift target beside it links:
// its functions as dispatch/dispatch.h declares them, and every object as what it is here, a pointer.
typedef void *dispatch_object;
extern char _dispatch_source_type_read;
dispatch_object dispatch_queue_create(const char *label, dispatch_object attributes);
dispatch_object dispatch_source_create(const void *type, uintptr_t handle, uintptr_t mask, dispatch_object queue);
dispatch_object dispatch_semaphore_create(intptr_t value);
void dispatch_set_context(dispatch_object object, void *context);
void dispatch_source_set_event_handler_f(dispatch_object source, void (*handler)(void *));
void dispatch_source_set_cancel_handler_f(dispatch_object source, void (*handler)(void *));
void dispatch_activate(dispatch_object object);
void dispatch_source_cancel(dispatch_object source);
intptr_t dispatch_semaphore_signal(dispatch_object semaphore);
intptr_t dispatch_semaphore_wait(dispatch_object semaphore, uint64_t timeout);
void dispatch_release(dispatch_object object);

// What one run of round trips needs; touched on its queue alone, until `done` is signalled.
struct conversation {
  int socket;
  int count;
  int sent;
  int answered;
  int failure;
  dispatch_object source;
  dispatch_object done;
};

static void end(struct conversation *conversation, int failure) {
  if (conversation->failure == 0) conversation->failure = failure;
  dispatch_source_cancel(conversation->source);
}

static void ask(struct conversation *conversation) {
  char request[64];
  const int size =
      snprintf(request, sizeof request, "{\"execute\":\"query-status\",\"id\":%d}\n", ++conversation->sent);
  if (write(conversation->socket, request, (size_t)size) != size) end(conversation, errno != 0 ? errno : EIO);
}

// Reads until EAGAIN: the source fires once when data and hang-up arrive together.
static void readable(void *context) {
  struct conversation *conversation = context;
  char input[65536];
  while (conversation->answered < conversation->count) {
    const ssize_t size = read(conversation->socket, input, sizeof input);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return end(conversation, size == 0 ? ECONNRESET : errno);
    for (const char *at = input; (at = memchr(at, '\n', (size_t)(input + size - at))) != NULL; at++) {
      if (++conversation->answered < conversation->count) ask(conversation);
    }
  }
  end(conversation, 0);
}

static void cancelled(void *context) {
  struct conversation *conversation = context;
  dispatch_semaphore_signal(conversation->done);
}

int floor_dispatch_round_trips(int socket, int count) {
  struct conversation conversation = {.socket = socket, .count = count};
  dispatch_object queue = dispatch_queue_create("floor", NULL);
  conversation.done = dispatch_semaphore_create(0);
  conversation.source = dispatch_source_create(&_dispatch_source_type_read, (uintptr_t)socket, 0, queue);
  dispatch_set_context(conversation.source, &conversation);
  dispatch_source_set_event_handler_f(conversation.source, readable);
  dispatch_source_set_cancel_handler_f(conversation.source, cancelled);
  ask(&conversation);
  dispatch_activate(conversation.source);
  dispatch_semaphore_wait(conversation.done, UINT64_MAX);
  dispatch_release(conversation.source);
  dispatch_release(conversation.done);
  dispatch_release(queue);
  errno = conversation.failure;
  return conversation.failure == 0 ? 0 : -1;
}
