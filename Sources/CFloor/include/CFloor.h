#pragma once

/* The floors under a QMP client: a bare loop of poll, write and read, and a bare Dispatch source. Replies are counted by
   their line ends and not read any further. */

/* Runs `query-status` `count` times over a negotiated connection, `window` of them in flight. 0, or -1: errno is
   ETIMEDOUT after ten seconds without a reply. */
int floor_round_trips(int socket, int count, int window);

/* The same with one in flight, by a read source on a serial queue: each reply is read and the next request sent there.
   0, or -1 with errno. */
int floor_dispatch_round_trips(int socket, int count);
