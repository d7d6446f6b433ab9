internal import JSON

/// Turns the bytes that come from a client into requests.
///
/// Owned by one server session's stream, and used on its queue.
package final class QMPRequestReader {
  /// What a client sent.
  package enum Input: Sendable, Equatable {
    /// A request, and about how many bytes of memory it takes.
    case request(QMPRequest, size: Int)
    case malformed(QMPRequest.Malformed, size: Int)

    /// A message without an end; nothing after it is read.
    case tooLong(limit: Int)
  }

  private var splitter: QMPRequestSplitter
  private var isDeaf = false

  package init(limit: Int) {
    splitter = QMPRequestSplitter(limit: limit)
  }

  /// Takes the next bytes and hands out what they complete, in order.
  package func read(_ bytes: UnsafeRawBufferPointer, input: (Input) -> Void) {
    guard !isDeaf else { return }
    do throws(QMPRequestSplitter.MessageTooLong) {
      try splitter.feed(bytes) { input(Self.input($0)) }
    } catch {
      isDeaf = true
      input(.tooLong(limit: error.limit))
    }
  }

  private static func input(_ message: [UInt8]) -> Input {
    let size = size(of: message)
    let json: JSONValue
    do throws(JSONSyntaxError) {
      json = try JSONValue(parsing: message, valueLimit: valueLimit)
    } catch {
      return .malformed(QMPRequest.Malformed(error), size: size)
    }
    do throws(QMPRequest.Malformed) {
      return .request(try QMPRequest(json: json), size: size)
    } catch {
      return .malformed(error, size: size)
    }
  }

  /// How many values a request may hold.
  private static let valueLimit = 1 << 16

  /// What a message takes as a value, about: each but the first value in it stands behind one of three bytes.
  private static func size(of message: [UInt8]) -> Int {
    message.reduce(message.count) { size, byte in
      switch byte {
      case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"): size + 64
      default: size
      }
    }
  }
}
