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
  package var consoleSocket: String { path + "/console.sock" }
  package var consoleLog: String { path + "/console.log" }
  package var qemuLog: String { path + "/qemu.log" }
  package var firmware: String { path + "/firmware.rom" }
  private var wanted: String { path + "/wanted" }
  private var forget: String { path + "/forget" }

  package var isWanted: Bool { FileSystem.exists(wanted) && !FileSystem.exists(forget) }
  package var isForgotten: Bool { FileSystem.exists(forget) }

  /// Makes the folder with its definition in one step: it is there whole and durable, or not at all.
  package func create(_ record: VMRecord, wanted isWanted: Bool) throws(SystemError) {
    let draft = FileSystem.parent(of: path) + "/.new." + id
    if FileSystem.exists(draft) { try FileSystem.removeTree(draft) }
    do throws(SystemError) {
      try FileSystem.makeDirectory(draft)
      let folder = VMFolder(path: draft, id: id)
      try FileSystem.replace(folder.definition, with: record.bytes(), durable: false)
      try FileSystem.sync(file: folder.definition)
      if isWanted { try FileSystem.replace(folder.wanted, with: [], durable: false) }
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

  /// Promises that the VM runs from now on.
  package func want() throws(SystemError) {
    let wasForgotten = try FileSystem.remove(forget)
    if !wasForgotten, FileSystem.exists(wanted) { return }
    try FileSystem.replace(wanted, with: [], durable: true)
  }

  /// Promises that nothing starts the VM any more; needs no space.
  package func unwant() throws(SystemError) {
    guard try FileSystem.remove(wanted) else { return }
    try FileSystem.sync(directory: path)
  }

  /// Promises that nothing is left of the VM once it has stopped; needs no space where it was wanted.
  package func markForgotten() throws(SystemError) {
    if FileSystem.exists(wanted) {
      try FileSystem.move(wanted, to: forget)
      try FileSystem.sync(directory: path)
    } else if !FileSystem.exists(forget) {
      try FileSystem.replace(forget, with: [], durable: true)
    }
  }

  /// Keeps causes and counters: they survive the supervisor, not a loss of power.
  ///
  /// Does not block.
  package func save(_ state: SavedState) throws(SystemError) {
    try FileSystem.replace(self.state, with: state.bytes(), durable: false)
  }

  /// Removes the folder with all in it; interrupted, the next supervisor clears up.
  package func remove() throws(SystemError) {
    let gone = FileSystem.parent(of: path) + "/.gone." + id
    if FileSystem.exists(gone) { try FileSystem.removeTree(gone) }
    try FileSystem.move(path, to: gone)
    try FileSystem.removeTree(gone)
  }
}
