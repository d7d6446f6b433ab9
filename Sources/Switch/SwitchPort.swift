internal import CLinux
internal import Glibc
internal import Host

/// One card's socket: bound to the path to which its QEMU sends, and connected to the path at which QEMU hears.
///
/// Connected, because the kernel then lets QEMU send until its own buffer is full and wakes it when there is room, as
/// with any other socket; one that hears of everyone takes ten frames, and QEMU asks again without rest. A connection
/// to a QEMU that is gone would shut out the next one: so it is taken back as soon as something happens to the card's
/// path.
final class SwitchPort {
  /// What became of frames that were sent.
  enum Result {
    case done

    /// Some wait until the guest takes more.
    case waits
  }

  let cardPath: String
  private let switchPath: String
  private let peer: UnixSocket.Peer
  private let socket: FileDescriptor

  /// Which file our socket is, so that another's is not removed.
  private let identity: String
  private(set) var isConnected = false
  private var queue: FrameQueue

  init(_ ends: SwitchDefinition.Ends, queueBytes: Int) throws(SystemError) {
    cardPath = ends.cardPath
    switchPath = ends.switchPath
    peer = try UnixSocket.Peer(ends.cardPath)
    socket = try UnixSocket.datagrams(at: ends.switchPath)
    identity = try FileSystem.identity(of: ends.switchPath)
    queue = FrameQueue(capacity: queueBytes)
    isConnected = peer.connect(socket)
  }

  var descriptor: Int32 { socket.rawValue }
  var waiting: Int { queue.count }

  /// Connects where it is not.
  func connect() {
    if !isConnected { isConnected = peer.connect(socket) }
  }

  /// Something has happened to the card's path: whoever is there now is the one.
  func cardChanged() {
    // Whoever is connected already stays so: to disconnect would throw away the frames that it has sent by now.
    isConnected = peer.connect(socket)
    if !isConnected { UnixSocket.Peer.disconnect(socket) }
  }

  /// Sends frames in their order, behind those that wait; what finds no room is counted by `dropped`.
  func send(_ frames: Batch, sent: (Int) -> Void, dropped: (Bool) -> Void) -> Result {
    connect()
    guard isConnected else {
      for _ in 0..<frames.count { dropped(false) }
      return .done
    }
    var done = 0
    if queue.isEmpty { done = transmit(frames.pointers, frames.lengths, frames.count, sent, dropped) }
    while done < frames.count {
      guard isConnected else {
        dropped(false)
        done += 1
        continue
      }
      let frame = UnsafeRawBufferPointer(start: frames.pointers[done], count: Int(frames.lengths[done]))
      if !queue.append(frame) { dropped(true) }
      done += 1
    }
    return queue.isEmpty ? .done : .waits
  }

  /// The guest takes frames again: sends what waits.
  func drain(_ batch: Batch, sent: (Int) -> Void, dropped: (Bool) -> Void) -> Result {
    while !queue.isEmpty {
      batch.count = queue.forEachOldest(Batch.most) { index, frame in
        batch.pointers[index] = frame.baseAddress
        batch.lengths[index] = Int32(frame.count)
      }
      let done = transmit(batch.pointers, batch.lengths, batch.count, sent, dropped)
      queue.removeOldest(done)
      guard isConnected else {
        for _ in 0..<queue.count { dropped(false) }
        queue.removeAll()
        return .done
      }
      if done < batch.count { return .waits }
    }
    return .done
  }

  /// Removes our socket's path, unless it is another's by now.
  func removePath() {
    // One that is gone is what is wanted.
    if let found = try? FileSystem.identity(of: switchPath), found == identity { unlink(switchPath) }
  }

  /// Sends as many as the guest takes, and gives the number of those that are done with.
  private func transmit(
    _ pointers: UnsafeMutablePointer<UnsafeRawPointer?>, _ lengths: UnsafeMutablePointer<Int32>, _ count: Int,
    _ sent: (Int) -> Void, _ dropped: (Bool) -> Void
  ) -> Int {
    var done = 0
    var hasReconnected = false
    while done < count {
      let number = linux_send(socket.rawValue, pointers + done, lengths + done, Int32(count - done))
      if number > 0 {
        for index in done..<(done + Int(number)) { sent(Int(lengths[index])) }
        done += Int(number)
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN, ENOBUFS, ENOMEM: return done
      case EMSGSIZE:
        dropped(true)
        done += 1
      default:
        // QEMU is gone; another may be there already.
        UnixSocket.Peer.disconnect(socket)
        isConnected = !hasReconnected && peer.connect(socket)
        hasReconnected = true
        guard isConnected else {
          while done < count {
            dropped(false)
            done += 1
          }
          return done
        }
      }
    }
    return done
  }
}

/// Frames that go the same way, by their places in memory.
final class Batch {
  /// What one call sends or receives.
  static let most = 32

  let pointers = UnsafeMutablePointer<UnsafeRawPointer?>.allocate(capacity: most)
  let lengths = UnsafeMutablePointer<Int32>.allocate(capacity: most)
  var count = 0

  deinit {
    pointers.deallocate()
    lengths.deallocate()
  }

  func append(_ frame: UnsafeRawBufferPointer) {
    pointers[count] = frame.baseAddress
    lengths[count] = Int32(frame.count)
    count += 1
  }
}
