internal import CFloor
internal import Glibc
internal import Host

/// Frames from one end of a network to the other through its switch, beside vde_switch, by one generator for both.
enum SwitchFigures {
  private static let size: Int32 = 1514

  /// Two ends on one switch.
  private final class Pair {
    var first: floor_end
    var second: floor_end

    init(_ open: (inout floor_end, Int) -> Int32) throws {
      (first, second) = (floor_end(), floor_end())
      guard open(&first, 0) == 0, open(&second, 1) == 0 else { throw SystemError("connect") }
    }

    deinit {
      floor_close(&first)
      floor_close(&second)
    }

    /// Frames that come out at the other end, a second.
    func rate(_ count: Int) throws -> Double {
      let began = Instant.now
      var sent: Int64 = 0
      let frame = SwitchFigures.frame(from: 0)
      guard floor_frames(&first, &second, frame, size, Int32(count), &sent) == 0 else {
        throw SystemError("frames")
      }
      return Double(count) / (.now - began).seconds
    }

    /// Microseconds for one frame there and one back.
    func roundTrip(_ count: Int) throws -> Double {
      let began = Instant.now
      let (there, back) = (SwitchFigures.frame(from: 0), SwitchFigures.frame(from: 1))
      guard floor_frame_round_trips(&first, &second, there, back, 60, Int32(count)) == 0 else {
        throw SystemError("frames")
      }
      return (.now - began).microseconds / Double(count)
    }

    /// Takes what the last frames have left on their way.
    func empty() {
      var buffer = [UInt8](repeating: 0, count: 70_000)
      for end in [first.fd, second.fd] {
        var ready = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
        // What comes later than this comes to the next round's good.
        while poll(&ready, 1, 20) > 0 { _ = recv(end, &buffer, buffer.count, 0) }
      }
    }
  }

  @Sendable static func take(_ workshop: Workshop, _ options: Options) throws -> [Figure] {
    let bare = try BareSwitch(workshop)
    defer { bare.end() }
    let ours = try Pair { floor_card(&$0, bare.card($1), bare.switchPath($1)) }
    let vde = try VDESwitch(in: workshop.runtime)
    defer { vde?.end() }
    let theirs = try vde.map { vde in
      try Pair { floor_vde_plug(&$0, vde.folder, "\(workshop.runtime)/vde-card-\($1)") }
    }
    let (frames, trips) = (options.isQuick ? 20_000 : 100_000, options.isQuick ? 2000 : 10_000)
    var (rates, theirRates): ([Double], [Double]) = ([], [])
    var (times, theirTimes): ([Double], [Double]) = ([], [])
    // vde_switch has learned where both are once each has sent.
    for round in 0...options.rounds(9) {
      let taken = (
        try theirs?.roundTrip(trips), try ours.roundTrip(trips), try theirs?.rate(frames),
        try ours.rate(frames)
      )
      ours.empty()
      theirs?.empty()
      guard round > 0 else { continue }
      if let time = taken.0 { theirTimes.append(time) }
      times.append(taken.1)
      if let rate = taken.2 { theirRates.append(rate) }
      rates.append(taken.3)
    }
    let before = try ProcessUse(pid: bare.pid)
    sleep(options.isQuick ? 5 : 20)
    let after = try ProcessUse(pid: bare.pid)
    let beside = theirs == nil ? "vde_switch: not installed" : "beside vde_switch"
    return [
      Figure(
        "frames through the switch, \(beside)", .perSecond, floor: theirs == nil ? nil : theirRates.median,
        product: rates.median, limit: theirs == nil ? nil : .shareOfFloor(1)),
      Figure(
        "  one there and one back", .microseconds, floor: theirs == nil ? nil : theirTimes.median,
        product: times.median, limit: theirs == nil ? nil : .timesFloor(1.2)),
      Figure(
        "  its CPU at rest", .milliseconds, product: (after.cpuTime - before.cpuTime).milliseconds,
        limit: .atMost(0)),
      Figure(
        "  its context switches at rest", .count, product: Double(after.contextSwitches(since: before)),
        limit: .atMost(0)),
      Figure("  resident", .mebibytes, product: after.residentKiB / 1024),
    ]
  }

  /// A frame from one of the two ends to the other, with an IPv4 packet that its switch lets through.
  fileprivate static func frame(from sender: UInt8) -> [UInt8] {
    let other = 1 - sender
    var frame: [UInt8] = [0x52, 0x54, 0, 0, 0, other, 0x52, 0x54, 0, 0, 0, sender, 8, 0]
    frame += [0x45, 0, 0, 46, 0, 0, 0, 0, 64, 253, 0, 0, 10, 9, 0, sender + 10, 10, 9, 0, other + 10]
    return frame + [UInt8](repeating: 0, count: Int(size) - frame.count)
  }
}
