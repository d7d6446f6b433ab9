/// Keys, each with the moment at which it is due: the earliest is known at once, however many there are; pure.
///
/// Setting a key and taking it back cost the logarithm of their number. What was taken back or set anew stays in the
/// heap until its turn comes or most of the heap is such. Owned by one queue or lock.
package struct DueQueue<Key: Hashable & Sendable, Moment: Comparable & Sendable>: Sendable {
  private struct Entry {
    let due: Moment

    /// Grows with each setting: of two that are due at one moment, the one that was set first comes first.
    let number: Int
    let key: Key

    static func < (left: Entry, right: Entry) -> Bool {
      left.due == right.due ? left.number < right.number : left.due < right.due
    }
  }

  /// A binary heap: none is earlier than the one above it.
  ///
  /// The first always counts.
  private var heap: [Entry] = []

  /// Which setting of a key counts.
  private var current: [Key: Int] = [:]
  private var count = 0

  package init() {}

  /// When the first is due; nil where nothing is.
  package var earliest: Moment? { heap.first?.due }

  /// Whether a key is due at some moment.
  package func contains(_ key: Key) -> Bool { current[key] != nil }

  /// Sets when a key is due, in place of what was set before.
  package mutating func set(_ key: Key, due: Moment) {
    count += 1
    current[key] = count
    heap.append(Entry(due: due, number: count, key: key))
    rise(heap.count - 1)
    dropOutdated()
  }

  /// Takes a key back; false where it was not due at all.
  @discardableResult
  package mutating func remove(_ key: Key) -> Bool {
    guard current.removeValue(forKey: key) != nil else { return false }
    dropOutdated()
    return true
  }

  /// Takes the first key that is due by now; nil where none is.
  package mutating func takeFirst(by now: Moment) -> Key? {
    guard let first = heap.first, first.due <= now else { return nil }
    current[first.key] = nil
    dropOutdated()
    return first.key
  }

  /// Takes away what does not count any more: from the top, and all of it where it is most of the heap.
  private mutating func dropOutdated() {
    if heap.count > 2 * current.count + 32 {
      heap = heap.filter { current[$0.key] == $0.number }.sorted(by: <)
    }
    while let first = heap.first, current[first.key] != first.number {
      heap[0] = heap[heap.count - 1]
      heap.removeLast()
      sink()
    }
  }

  private mutating func rise(_ start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      guard heap[index] < heap[parent] else { return }
      heap.swapAt(index, parent)
      index = parent
    }
  }

  /// Moves the first to where it belongs.
  private mutating func sink() {
    var index = 0
    while true {
      let left = 2 * index + 1
      var least = index
      if left < heap.count, heap[left] < heap[least] { least = left }
      if left + 1 < heap.count, heap[left + 1] < heap[least] { least = left + 1 }
      guard least != index else { return }
      heap.swapAt(index, least)
      index = least
    }
  }
}
