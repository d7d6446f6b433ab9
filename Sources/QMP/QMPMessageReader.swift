internal import Host
internal import JSON

/// Turns the bytes that come from a server into messages.
///
/// Owned by one connection's stream, and used on its queue.
final class QMPMessageReader {
  private var splitter: LineSplitter

  init(lineLimit: Int) {
    splitter = LineSplitter(limit: lineLimit)
  }

  /// Takes the next bytes and hands out each message that they complete, in order, or what breaks the protocol.
  func read(_ bytes: UnsafeRawBufferPointer, message: (Result<QMPMessage, QMPViolation>) -> Void) {
    do throws(LineSplitter.LineTooLong) {
      try splitter.feed(bytes) { message(QMPMessage.read($0)) }
    } catch {
      message(.failure(.lineTooLong(limit: error.limit)))
    }
  }
}

extension QMPMessage {
  /// Reads a line of a server's.
  package static func read(_ line: UnsafeRawBufferPointer) -> Result<QMPMessage, QMPViolation> {
    let json: JSONValue
    do throws(JSONSyntaxError) {
      json = try JSONValue(parsing: line)
    } catch {
      return .failure(.notJSON(error, line: beginning(of: line)))
    }
    do throws(JSONTypeError) {
      return .success(try QMPMessage(json: json))
    } catch {
      return .failure(.notAMessage(error, line: beginning(of: line)))
    }
  }

  private static func beginning(of line: UnsafeRawBufferPointer) -> String {
    String(decoding: line.prefix(80), as: UTF8.self)
  }
}
