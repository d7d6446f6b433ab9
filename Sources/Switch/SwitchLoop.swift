internal import CLinux
internal import Glibc
internal import Host
internal import JSON
internal import Network

/// The switch at work: one thread that waits for whatever its sockets have, and does nothing else.
///
/// A port is read in turns, 32 frames at a time, so that none keeps the others waiting. At rest it sleeps in
/// epoll_wait(2), without a timer.
final class SwitchLoop {
  /// What is ready, as epoll(7) tells it: a kind and a number.
  private enum Ready: UInt64 {
    case port, card, end, report, client, resolver
  }

  /// The longest frame that QEMU sends.
  private static let frameSize = 69632

  private let definition: SwitchDefinition
  private let ports: [SwitchPort]
  private let cards: CardWatch
  private let reports: ReportSocket?
  private let resolver: Resolver
  private let signals: FileDescriptor
  private let epoll: FileDescriptor
  private let started = Timestamp.now
  private var network: NetworkSwitch

  /// Which ports' sockets are also watched for room.
  private var isWaiting: [Bool]

  /// The frames of one turn; those of them that go the same way; and what a port sends by itself.
  private let frames = UnsafeMutableRawBufferPointer.allocate(
    byteCount: Batch.most * frameSize, alignment: 4096)
  private let lengths = UnsafeMutablePointer<Int32>.allocate(capacity: Batch.most)
  private let run = Batch()
  private let single = Batch()

  init(_ definition: SwitchDefinition) throws(SystemError) {
    self.definition = definition
    network = NetworkSwitch(definition.network)
    resolver = Resolver(server: definition.nameServer)
    isWaiting = definition.ends.map { _ in false }
    // Before a port looks at its card, so that nothing happens unseen.
    cards = try CardWatch(definition.ends.map(\.cardPath))
    ports = try definition.ends.map { ends throws(SystemError) in
      try SwitchPort(ends, queueBytes: definition.queueBytes)
    }
    reports = if let path = definition.control { try ReportSocket(path) } else { nil }
    signals = FileDescriptor(owning: try retrying("signalfd") { linux_end_signals() })
    epoll = FileDescriptor(owning: try retrying("epoll_create1") { linux_epoll() })
    for (number, port) in ports.enumerated() { try watch(port.descriptor, .port, number) }
    try watch(cards.descriptor, .card)
    try watch(signals.rawValue, .end)
    if let reports { try watch(reports.descriptor, .report) }
    _ = try retrying("prctl") { linux_give_up_rights() }
  }

  deinit {
    frames.deallocate()
    lengths.deallocate()
  }

  /// Forwards frames until a signal ends it; then its paths are gone.
  func forward() throws(SystemError) {
    defer {
      for port in ports { port.removePath() }
      reports?.removePath()
    }
    var keys = [UInt64](repeating: 0, count: 64)
    var writable = [Int32](repeating: 0, count: 64)
    while true {
      let number = epoll.rawValue
      let count = try retrying("epoll_wait") { linux_epoll_wait(number, &keys, &writable) }
      for index in 0..<Int(count) {
        let place = Int(keys[index] & 0xffff_ffff)
        switch Ready(rawValue: keys[index] >> 32) {
        case .port:
          if writable[index] != 0 { drain(place) }
          receive(from: place)
        case .card: try lookAtCards()
        case .report: try tell()
        case .client: tellMore(Int32(truncatingIfNeeded: place))
        case .resolver: forwardAnswers()
        case .end, nil: return
        }
      }
    }
  }

  // MARK: Frames

  private func receive(from port: Int) {
    guard let buffer = frames.baseAddress else { return }
    let count = linux_receive(ports[port].descriptor, buffer, UInt(Self.frameSize), lengths)
    guard count > 0 else { return }
    ports[port].connect()
    let now = Instant.now
    var destination = -1
    for index in 0..<Int(count) {
      guard lengths[index] > 0 else {
        network.countDrop(port, lengths[index] < 0 ? .oversized : .malformed)
        continue
      }
      let frame = UnsafeRawBufferPointer(start: buffer + index * Self.frameSize, count: Int(lengths[index]))
      switch network.decide(ByteView(frame), from: port, atNanoseconds: now.nanoseconds) {
      case .drop: continue
      case .forward(let other):
        if other != destination {
          flush(to: destination)
          destination = other
        }
        run.append(frame)
      case .flood:
        flush(to: destination)
        for other in ports.indices where other != port { send(frame, to: other) }
      case .floodToOpenPorts:
        flush(to: destination)
        for other in ports.indices where other != port && network.isOpen(other) { send(frame, to: other) }
      case .answer(let answer): answer.withUnsafeBytes { send($0, to: port) }
      case .ask(let query):
        resolver.ask(query, at: now)
        watchResolver()
      }
    }
    flush(to: destination)
  }

  /// Sends the frames that have gathered for a port.
  private func flush(to port: Int) {
    guard run.count > 0 else { return }
    send(run, to: port)
    run.count = 0
  }

  private func send(_ frame: UnsafeRawBufferPointer, to port: Int) {
    single.count = 0
    single.append(frame)
    send(single, to: port)
  }

  private func send(_ batch: Batch, to port: Int) {
    let result = ports[port].send(batch) {
      network.countOut(port, bytes: $0)
    } dropped: {
      network.countDrop(port, $0 ? .full : .absent)
    }
    watchForRoom(port, result)
  }

  private func drain(_ port: Int) {
    let result = ports[port].drain(single) {
      network.countOut(port, bytes: $0)
    } dropped: {
      network.countDrop(port, $0 ? .full : .absent)
    }
    watchForRoom(port, result)
  }

  /// Has a port's socket watched for room as long as frames wait there.
  private func watchForRoom(_ port: Int, _ result: SwitchPort.Result) {
    let waits = result == .waits
    guard waits != isWaiting[port] else { return }
    isWaiting[port] = waits
    // It is watched already, and only what for changes: that takes no memory and does not fail.
    _ = linux_epoll_change(
      epoll.rawValue, ports[port].descriptor, Self.key(.port, port), 1, waits ? 1 : 0)
  }

  // MARK: Others

  private func lookAtCards() throws(SystemError) {
    for port in try cards.changed() { ports[port].cardChanged() }
  }

  private func tell() throws(SystemError) {
    guard let reports else { return }
    // What was there before somebody asked is told.
    try lookAtCards()
    do throws(SystemError) {
      while let (isMore, client) = try reports.accept(telling: { report }) {
        guard isMore else { continue }
        try watch(client, .client, Int(client))
        _ = linux_epoll_change(epoll.rawValue, client, Self.key(.client, Int(client)), 0, 1)
      }
    } catch {
      // Without a descriptor for it the client would wait, and this be told of it again and again.
      Log.note("the counters are told no more: \(error)")
      _ = linux_epoll_change(epoll.rawValue, reports.descriptor, Self.key(.report, 0), 0, 0)
    }
  }

  private func tellMore(_ client: Int32) {
    _ = reports?.goOn(client)
  }

  private var report: [UInt8] {
    // A card's path may have been there a moment before anybody could be reached by it.
    for port in ports { port.connect() }
    let json = SwitchReport.json(definition.network, network.counters, ports, pid: getpid(), started: started)
    return Array("\(json)\n".utf8)
  }

  private func forwardAnswers() {
    while let (port, frame) = resolver.next() {
      frame.withUnsafeBytes { send($0, to: port) }
    }
  }

  /// The resolver's socket may be a new one, also under the number of the one before.
  private func watchResolver() {
    guard let descriptor = resolver.descriptor else { return }
    do throws(SystemError) {
      try watch(descriptor, .resolver)
    } catch {
      if error.code != EEXIST { Log.note("names from elsewhere are not found: \(error)") }
    }
  }

  private func watch(_ descriptor: Int32, _ kind: Ready, _ place: Int = 0) throws(SystemError) {
    let number = epoll.rawValue
    _ = try retrying("epoll_ctl") { linux_epoll_add(number, descriptor, Self.key(kind, place)) }
  }

  private static func key(_ kind: Ready, _ place: Int) -> UInt64 { kind.rawValue << 32 | UInt64(place) }
}
