internal import CLinux

/// This process's heap, which keeps what is freed between two things that live.
package enum Heap {
  /// Gives whole free pages back to the system; true when there were some.
  ///
  /// Corresponds to malloc_trim(3). It holds up who allocates meanwhile, for milliseconds after a burst.
  @discardableResult
  package static func trim() -> Bool { linux_trim_heap() == 1 }
}
