internal import Glibc

/// A system call that failed: which, on what, and why in the system's own words.
package struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The call's name as in its man page, for example `bind`.
  package let call: String

  /// What it was called on: a path, a program, or nil where that says nothing.
  package let subject: String?

  /// errno(3) as the call left it.
  package let code: Int32

  package init(_ call: String, _ subject: String? = nil, code: Int32 = lastErrorCode) {
    self.call = call
    self.subject = subject
    self.code = code
  }

  /// ENOENT of errno(3).
  package static let noSuchFile = ENOENT

  /// errno(3) of this thread.
  package static var lastErrorCode: Int32 { errno }

  /// The system's words for the code; corresponds to strerror_r(3).
  package var reason: String {
    var buffer = [CChar](repeating: 0, count: 128)
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  package var description: String {
    if let subject { return "\(subject): \(reason) (\(call))" }
    return "\(call): \(reason)"
  }
}

/// Runs a call until it is not interrupted by a signal, and throws what it left in errno.
package func retrying<Value: SignedInteger>(
  _ call: String, _ subject: @autoclosure () -> String? = nil, _ body: () -> Value
) throws(SystemError) -> Value {
  while true {
    let value = body()
    if value >= 0 { return value }
    let code = errno
    if code != EINTR { throw SystemError(call, subject(), code: code) }
  }
}
