import Control
import Glibc
import Host
import JSON
import Machine
import Testing

@testable import Supervisor

/// A folder of its own for a test's ledger, removed with its last user.
final class LedgerFolder: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/qemuvm-ledger-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
    path = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit {
    try? FileSystem.removeTree(path)  // What stays in /tmp harms no test.
  }

  func files(sizeLimit: Int64 = 10 << 20, keptCount: Int = 3) -> LedgerFiles {
    LedgerFiles(folder: path, sizeLimit: sizeLimit, keptCount: keptCount)
  }

  var current: String { files().current }

  /// A ledger as a supervisor of the boot opens it, with one that starts recorded.
  func ledger(boot: String = "boot", oomKills: @escaping @Sendable () -> Int? = { 0 }) -> Ledger {
    let ledger = Ledger(files(), boot: boot, oomKills: oomKills)
    ledger.append(.started, version: "0.1.0", pid: 1)
    return ledger
  }

  func records() throws -> [LedgerRecord] { try LedgerReader(files()).read(LedgerQuery()).records }

  /// Replaces the growing file.
  func write(_ bytes: some Sequence<UInt8>) throws {
    try FileSystem.replace(current, with: Array(bytes), durable: false)
  }
}

extension VMName {
  static var web: VMName { get throws { try VMName("web") } }
  static var shopWeb: VMName { get throws { try VMName("web", lab: "shop") } }
}

extension LedgerRecord {
  /// A record of a moment that has no meaning of its own.
  static func at(_ seq: Int, _ name: VMName?, _ event: LedgerEvent) -> LedgerRecord {
    LedgerRecord(
      seq: seq, time: Timestamp(microseconds: Int64(seq) * 1_000_000), name: name?.full, event: event)
  }
}

extension LedgerEvent {
  static func message(number: Int) -> LedgerEvent { .message("number \(number)") }
}
