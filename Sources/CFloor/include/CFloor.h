#pragma once

/* The floor under a QMP client: a bare loop of poll, write and read. */

/* Runs `query-status` `count` times over a negotiated connection, `window` of them in flight. Replies are counted by
   their line ends and not read any further. 0, or -1: errno is ETIMEDOUT after ten seconds without a reply. */
int floor_round_trips(int socket, int count, int window);
