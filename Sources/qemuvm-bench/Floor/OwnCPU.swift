internal import Glibc

/// What all threads of this process have used; corresponds to clock_gettime(2) CLOCK_PROCESS_CPUTIME_ID.
var ownCPU: Duration {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}
