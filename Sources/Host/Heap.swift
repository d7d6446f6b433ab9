internal import CLinux

/// This process's heap, which keeps what is freed between two things that live.
package enum Heap {
  /// Lets all threads take from one arena, as long as there is no second one yet.
  ///
  /// Corresponds to mallopt(3) M_ARENA_MAX. By default glibc gives up to eight arenas a CPU to threads, and each keeps
  /// what was once taken from it: with threads that come and go, several times what lives.
  package static func useOneArena() { _ = linux_limit_arenas(1) }

  /// Gives whole free pages back to the system; true when there were some.
  ///
  /// Corresponds to malloc_trim(3). It holds up who allocates meanwhile, for milliseconds after a burst.
  @discardableResult
  package static func trim() -> Bool { linux_trim_heap() == 1 }
}
