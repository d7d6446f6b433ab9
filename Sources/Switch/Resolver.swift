internal import CLinux
internal import Glibc
internal import Host
internal import Network

/// The host's resolver, or another server in its place, asked on behalf of guests.
///
/// A question that is not answered is forgotten when so many others have been asked since: no timer is needed.
final class Resolver {
  private static let configuration = "/etc/resolv.conf"
  private static let port: Int32 = 53
  private static let most = 256

  /// How old what was read of the host's configuration may be.
  private static let refresh = Duration.seconds(5)

  private final class Socket {
    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) {
      self.descriptor = descriptor
    }
  }

  private let named: String?
  private var socket: Socket?
  private var server = ""
  private var read: Instant?
  private var pending: [UInt16: ForwardedQuery] = [:]

  /// The numbers of what was asked, the oldest first.
  private var order: [UInt16] = []

  /// Asks the server named, or the one that the host has at the time.
  init(server: String?) {
    named = server
  }

  /// The socket as it is now; it may be another after a question.
  var descriptor: Int32? { socket?.descriptor.rawValue }

  /// Asks; without a resolver the guest hears nothing, and asks again.
  func ask(_ query: ForwardedQuery, at now: Instant) {
    refresh(at: now)
    guard let socket else { return }
    var number = UInt16.random(in: .min ... .max)
    while pending[number] != nil { number = .random(in: .min ... .max) }
    if order.count == Self.most { pending[order.removeFirst()] = nil }
    pending[number] = query
    order.append(number)
    // What does not arrive is asked again by the guest.
    _ = query.message(numbered: number).withUnsafeBytes {
      send(socket.descriptor.rawValue, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }
  }

  /// The next answer as a frame, with the port that it is for; nil when none is there.
  func next() -> (port: Int, frame: [UInt8])? {
    while let socket {
      // An error, such as that nobody listens there, is told once, and the next call goes on.
      guard let answer = try? socket.descriptor.read(upTo: 4096), answer.count >= 2 else { return nil }
      let number = UInt16(answer[0]) << 8 | UInt16(answer[1])
      guard let query = pending[number], let frame = query.frame(with: answer) else { continue }
      pending[number] = nil
      order.removeAll { $0 == number }
      return (query.port, frame)
    }
    return nil
  }

  /// The host may be in another place by now.
  private func refresh(at now: Instant) {
    if let read, now - read < Self.refresh { return }
    read = now
    let found = named ?? Self.server(in: Self.hostConfiguration)
    guard found != server || socket == nil else { return }
    server = found
    socket = nil
    let number = linux_udp_to(found, Self.port)
    if number >= 0 { socket = Socket(FileDescriptor(owning: number)) }
  }

  private static var hostConfiguration: String {
    // Without the file the host is its own resolver.
    String(decoding: (try? FileSystem.read(configuration, limit: 65536)) ?? [], as: UTF8.self)
  }

  /// The first server that resolv.conf(5) names; the host itself when it names none.
  static func server(in text: String) -> String {
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.split { $0 == " " || $0 == "\t" }
      if words.first == "nameserver", words.count > 1 { return String(words[1]) }
    }
    return "127.0.0.1"
  }
}
