internal import Glibc
package import Host
internal import JSON

/// One VM's files in the state folder, and the promises kept there.
///
/// `definition.json` is what the VM is, `wanted` the wish that it runs, `forget` the wish that nothing is left of it,
/// `state.json` its cause and counters, `lock` its QEMU's life. Wishes are durable (fsync of file and folder) before
/// they are confirmed; taking one back needs no space. Any thread; the durable methods block.
package struct VMFolder: Sendable, Equatable {
  package let path: String
  package let id: String

  package var definition: String { path + "/definition.json" }
  package var state: String { path + "/state.json" }
  package var lock: String { path + "/lock" }
  package var monitorSocket: String { path + "/monitor.sock" }
  package var consoleLog: String { serialLog(1) }

  /// The log and the private socket of a serial port, counted from 1, which is the console.
  package func serialLog(_ port: Int) -> String { path + "/" + Self.serialName(port) + ".log" }
  package func serialSocket(_ port: Int) -> String { path + "/" + Self.serialName(port) + ".sock" }

  /// What the files of a serial port are called, here and in RUNTIME.
  static func serialName(_ port: Int) -> String { port == 1 ? "console" : "serial\(port)" }

  package var qemuLog: String { path + "/qemu.log" }
  package var firmware: String { path + "/firmware.rom" }
  private var wanted: String { path + "/wanted" }
  private var forget: String { path + "/forget" }

  package var isWanted: Bool { FileSystem.exists(wanted) && !FileSystem.exists(forget) }
  package var isForgotten: Bool { FileSystem.exists(forget) }

  /// Whether the VM's disks go with it when it is forgotten.
  package var losesDisks: Bool { FileSystem.exists(forgetDisks) }
  private var forgetDisks: String { path + "/forget-disks" }

  /// The number of the wish that the VM runs: one that is greater than the state's was confirmed and not acted on.
  package var wantedWish: Int {
    // Without a number it is as old as the state.
    guard let bytes = try? FileSystem.read(wanted) else { return 0 }
    return Int(String(decoding: bytes.filter { $0 > UInt8(ascii: " ") }, as: UTF8.self)) ?? 0
  }

  /// Makes the folder with its definition in one step: it is there whole and durable, or not at all.
  package func create(_ record: VMRecord, wanted wish: Int?) throws(SystemError) {
    let draft = FileSystem.parent(of: path) + "/.new." + id
    if FileSystem.exists(draft) { try FileSystem.removeTree(draft) }
    do throws(SystemError) {
      try FileSystem.makeDirectory(draft)
      let folder = VMFolder(path: draft, id: id)
      try FileSystem.replace(folder.definition, with: record.bytes(), durable: false)
      try FileSystem.sync(file: folder.definition)
      if let wish {
        try FileSystem.replace(folder.wanted, with: Array("\(wish)\n".utf8), durable: false)
        try FileSystem.sync(file: folder.wanted)
      }
      try FileSystem.sync(directory: draft)
      try FileSystem.moveNew(draft, to: path)
      try FileSystem.sync(directory: FileSystem.parent(of: path))
    } catch {
      try? FileSystem.removeTree(draft)  // The error being thrown says more.
      throw error
    }
  }

  /// Replaces the definition, durably.
  package func write(_ record: VMRecord) throws(SystemError) {
    try FileSystem.replace(definition, with: record.bytes(), durable: true)
  }

  package func read() throws(VMRecord.Unreadable) -> VMRecord {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try FileSystem.read(definition)
    } catch {
      throw VMRecord.Unreadable(file: definition, why: error.reason)
    }
    return try VMRecord(parsing: bytes, file: definition)
  }

  /// Promises that the VM runs from now on; the wish's number tells whether it has been acted on.
  package func want(_ wish: Int) throws(SystemError) {
    try FileSystem.replace(wanted, with: Array("\(wish)\n".utf8), durable: true)
    let wasForgotten = try FileSystem.remove(forget)
    let lostDisks = try FileSystem.remove(forgetDisks)
    if wasForgotten || lostDisks { try FileSystem.sync(directory: path) }
  }

  /// Promises that nothing starts the VM any more; needs no space.
  package func unwant() throws(SystemError) {
    try FileSystem.remove(wanted)
    try FileSystem.sync(directory: path)
  }

  /// Promises that nothing is left of the VM once it has stopped, with `disks` not even those.
  ///
  /// Needs no space where the VM was wanted and keeps its disks.
  package func markForgotten(disks: Bool) throws(SystemError) {
    if disks { try FileSystem.replace(forgetDisks, with: [], durable: true) }
    if FileSystem.exists(wanted) {
      try FileSystem.move(wanted, to: forget)
    } else if !FileSystem.exists(forget) {
      try FileSystem.replace(forget, with: [], durable: true)
    }
    try FileSystem.sync(directory: path)
  }

  /// Keeps causes and counters: they survive the supervisor, not a loss of power.
  ///
  /// Does not block.
  package func save(_ state: SavedState) throws(SystemError) {
    try FileSystem.replace(self.state, with: state.bytes(), durable: false)
  }

  /// Removes the folder with all in it; interrupted, the next supervisor clears up.
  ///
  /// Only when nobody holds the VM's lock: a QEMU that somehow lives keeps its lock's file, and so its only proof.
  package func remove() throws(SystemError) {
    var looks = 100
    while try FileLock.isHeld(self.lock) {
      // For a moment it may be in the hands of another VM's child between its fork and its exec.
      guard looks > 0 else { throw SystemError("flock", self.lock, code: EWOULDBLOCK) }
      looks -= 1
      usleep(10_000)
    }
    let gone = FileSystem.parent(of: path) + "/.gone." + id
    if FileSystem.exists(gone) { try FileSystem.removeTree(gone) }
    try FileSystem.move(path, to: gone)
    try FileSystem.removeTree(gone)
  }
}
