#pragma once

/* The floors under a QMP client: a bare loop of poll, write and read, and a bare Dispatch source. Replies are counted by
   their line ends and not read any further. */

/* Runs `query-status` `count` times over a negotiated connection, `window` of them in flight. 0, or -1: errno is
   ETIMEDOUT after ten seconds without a reply. */
int floor_round_trips(int socket, int count, int window);

/* The same with one in flight, by a read source on a serial queue: each reply is read and the next request sent there.
   0, or -1 with errno. */
int floor_dispatch_round_trips(int socket, int count);

/* One end of a network, as a QEMU holds it: by `-netdev dgram`, which sends to a path without a connection, or by
   `-netdev vde`, which is connected. Its descriptors are its user's to close. */
struct floor_end {
  int fd;
  int control;
  int size;
  char address[112];
};

/* Binds `card` and sends to `other`. */
int floor_card(struct floor_end *end, const char *card, const char *other);

/* Plugs into the vde_switch of a folder, with `card` for its own socket. */
int floor_vde_plug(struct floor_end *end, const char *folder, const char *card);
void floor_close(struct floor_end *end);

/* Sends a frame as often as it is taken until `count` have come out at the other end: 0, or -1 with errno, ETIMEDOUT after
   ten seconds in which none did. `sent` tells how many were needed. */
int floor_frames(
    const struct floor_end *from, const struct floor_end *to, const void *frame, int size, int count,
    long long *sent);

/* Sends a frame there and another back, `count` times, one after the other; 0, or -1 with errno. */
int floor_frame_round_trips(
    const struct floor_end *first, const struct floor_end *second, const void *there, const void *back, int size,
    int count);
