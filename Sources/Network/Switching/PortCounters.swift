/// Why a frame went nowhere; the text is what reports call it.
package enum DropReason: String, CaseIterable, Sendable {
  /// It is no frame, or no packet of the kind that it says it is.
  case malformed

  /// Longer than any frame may be.
  case oversized

  /// It does not come from its port's own card.
  case foreignMAC

  /// It does not come from its port's own address, or comes from the switch's.
  case foreignAddress

  /// It speaks as a router: IPv6 router advertisements and redirects.
  case routerWords

  /// It is meant for bridges, and never forwarded by one.
  case forBridges

  /// Its port has sent more frames to all than it may.
  case storm

  /// There is nobody at its destination, or its destination is where it came from.
  case unknownDestination

  /// It was for the switch itself, which has no answer to it.
  case unanswered

  /// The guest it was for did not take its frames fast enough. Counted at that guest's port.
  case full

  /// No guest is there. Counted at the port of the guest it was for.
  case absent
}

/// What has gone through a port since the switch was started; `in` is from the guest, `out` to it.
package struct PortCounters: Sendable {
  package var framesIn: UInt64 = 0
  package var bytesIn: UInt64 = 0
  package var framesOut: UInt64 = 0
  package var bytesOut: UInt64 = 0
  private var drops = InlineArray<11, UInt64>(repeating: 0)

  package init() {}

  mutating func countIn(_ bytes: Int) {
    framesIn &+= 1
    bytesIn &+= UInt64(bytes)
  }

  mutating func countOut(_ bytes: Int) {
    framesOut &+= 1
    bytesOut &+= UInt64(bytes)
  }

  mutating func countDrop(_ reason: DropReason) {
    drops[reason.place] &+= 1
  }

  package func drops(_ reason: DropReason) -> UInt64 { drops[reason.place] }
}

extension DropReason {
  fileprivate var place: Int {
    switch self {
    case .malformed: 0
    case .oversized: 1
    case .foreignMAC: 2
    case .foreignAddress: 3
    case .routerWords: 4
    case .forBridges: 5
    case .storm: 6
    case .unknownDestination: 7
    case .unanswered: 8
    case .full: 9
    case .absent: 10
    }
  }
}
