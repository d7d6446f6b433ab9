// A file system of which the root is there and nothing below it ever answers, as of a server that is gone.
//
// Mounts itself on the folder that it is given, says so, and serves until it is killed: what waits for it fails then.
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static int device;

static void reply(const struct fuse_in_header *request, int error, const void *body, size_t size) {
  char answer[sizeof(struct fuse_out_header) + 512];
  struct fuse_out_header header = {
    .len = (unsigned)(sizeof header + size), .error = error, .unique = request->unique};
  memcpy(answer, &header, sizeof header);
  if (size > 0) memcpy(answer + sizeof header, body, size);
  if (write(device, answer, header.len) < 0) perror("write");
}

int main(int count, char **words) {
  if (count != 2) return 2;
  device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (device < 0) return perror("/dev/fuse"), 1;
  char options[128];
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%d,group_id=%d", device, getuid(), getgid());
  if (mount("hanging", words[1], "fuse", MS_NOSUID | MS_NODEV, options) != 0) return perror(words[1]), 1;
  puts("mounted");
  fflush(stdout);
  static char buffer[1 << 18] __attribute__((aligned(8)));
  for (;;) {
    ssize_t size = read(device, buffer, sizeof buffer);
    if (size < 0) return perror("read"), 1;
    const struct fuse_in_header *request = (const void *)buffer;
    switch (request->opcode) {
    case FUSE_INIT: {
      const struct fuse_init_in *in = (const void *)(request + 1);
      struct fuse_init_out out = {
        .major = FUSE_KERNEL_VERSION,
        .minor = in->minor < FUSE_KERNEL_MINOR_VERSION ? in->minor : FUSE_KERNEL_MINOR_VERSION,
        .max_readahead = in->max_readahead,
        .max_write = 65536,
        .max_background = 65535,
        .congestion_threshold = 65535};
      reply(request, 0, &out, sizeof out);
      break;
    }
    case FUSE_GETATTR: {
      if (request->nodeid != FUSE_ROOT_ID) break;
      struct fuse_attr_out out = {
        .attr_valid = 3600,
        .attr = {.ino = FUSE_ROOT_ID, .mode = S_IFDIR | 0700, .nlink = 2, .uid = getuid(), .gid = getgid()}};
      reply(request, 0, &out, sizeof out);
      break;
    }
    case 52:  // FUSE_STATX, which asks for more: GETATTR will do.
    case FUSE_ACCESS:
      if (request->nodeid == FUSE_ROOT_ID) reply(request, -ENOSYS, NULL, 0);
      break;
    default: break;  // No answer, ever.
    }
  }
}
