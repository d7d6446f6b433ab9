internal import Glibc
package import Host
internal import JSON

/// One VM's files in the state folder, and the promises kept there.
///
/// `definition.json` is what the VM is, `wanted` the wish that it runs, `forget` the wish that nothing is left of it,
/// whose content alone says whether its disks go too, `state.json` its cause and counters, `lock` its QEMU's life.
/// Wishes are durable (fsync of file and folder) before they are confirmed, and one that is refused is taken back;
/// what ends a VM needs no space. Any thread; the durable methods block.
package struct VMFolder: Sendable, Equatable {
  package let path: String
  package let id: String

  package var definition: String { path + "/" + Self.definition }
  package var state: String { path + "/state.json" }
  package var lock: String { path + "/lock" }
  package var monitorSocket: String { path + "/monitor.sock" }
  package var userMonitorSocket: String { path + "/qmp.sock" }
  package var consoleLog: String { serialLog(1) }

  /// The log and the private socket of a serial port, counted from 1, which is the console.
  package func serialLog(_ port: Int) -> String { path + "/" + Self.serialName(port) + ".log" }
  package func serialSocket(_ port: Int) -> String { path + "/" + Self.serialName(port) + ".sock" }

  /// What the files of a serial port are called, here and in RUNTIME.
  static func serialName(_ port: Int) -> String { port == 1 ? "console" : "serial\(port)" }

  /// The folder of a helper, by its name.
  func helper(_ name: String) -> String { path + "/" + name }

  package var qemuLog: String { path + "/qemu.log" }
  package var firmware: String { path + "/firmware.rom" }
  package var firmwareConfig: String { path + "/fw-cfg" }
  private var wanted: String { path + "/" + Self.wanted }
  private var forget: String { path + "/" + Self.forget }

  private static let (definition, wanted, forget) = ("definition.json", "wanted", "forget")

  /// What `forget` says when the disks go too; anything else keeps them.
  private static let withDisks = "disks\n"

  /// What the last confirmed command wants of the VM.
  package enum Wish: Sendable, Equatable { case stopped, running, forgotten }

  package func wish() throws(SystemError) -> Wish {
    if try FileSystem.presence(of: forget) { return .forgotten }
    return try FileSystem.presence(of: wanted) ? .running : .stopped
  }

  /// Whether the VM's disks go with it when it is forgotten: the last confirmed command says so.
  package func deletesDisks() throws(SystemError) -> Bool {
    try FileSystem.readIfPresent(forget).map { String(decoding: $0, as: UTF8.self) } == Self.withDisks
  }

  /// The wish that the VM runs, as `wanted` has it: `7`, or `7 restart`.
  package struct RunWish: Sendable, Equatable {
    /// One that is greater than the state's was confirmed and not acted on.
    package var number: Int

    /// Whether a QEMU that lives is to end first.
    package var isRestart: Bool

    /// Without a number it is as old as the state.
    static let unknown = RunWish(number: 0, isRestart: false)

    fileprivate init(number: Int, isRestart: Bool) {
      self.number = number
      self.isRestart = isRestart
    }

    fileprivate init(parsing bytes: [UInt8]) {
      let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
      let number = words.first.flatMap { Int($0) } ?? 0
      guard (0...StateNumbers.highest).contains(number) else {
        self = .unknown
        return
      }
      self.init(number: number, isRestart: words.dropFirst().first == "restart")
    }

    fileprivate var bytes: [UInt8] { Array("\(number)\(isRestart ? " restart" : "")\n".utf8) }
  }

  package var runWish: RunWish {
    // What cannot be read has no number.
    guard let bytes = try? FileSystem.read(wanted) else { return .unknown }
    return RunWish(parsing: bytes)
  }

  /// Before the name of a folder that is being made, and of one that is being removed.
  private static let (draftPrefix, gonePrefix) = ("/.new.", "/.gone.")

  /// The id of the VM that such a name is of.
  static func id(ofLeftover name: String) -> String {
    let prefix = [draftPrefix, gonePrefix].first { name.hasPrefix($0.dropFirst()) }
    return String(name.dropFirst((prefix?.count ?? 1) - 1))
  }

  /// Removes what was to take a file's place and did not come to it.
  func clearDrafts() {
    // What cannot be listed or removed is in nobody's way.
    for name in (try? FileSystem.names(in: path)) ?? [] where FileSystem.isTemporary(name) {
      _ = try? FileSystem.remove(path + "/" + name)
    }
  }

  /// Makes the folder with its definition in one step: it is there whole and durable, or not at all.
  package func create(_ record: VMRecord, wanted wish: Int?) throws(FolderChange.Failure) {
    let parent = FileSystem.parent(of: path)
    let draft = VMFolder(path: parent + Self.draftPrefix + id, id: id)
    var isInPlace = false
    do throws(SystemError) {
      try FileSystem.removeTree(draft.path)
      try FileSystem.makeDirectory(draft.path)
      // Nobody looks into the draft: its files need not come into their places in one step.
      try FileSystem.create(draft.definition, with: record.bytes(), durable: true)
      if let wish {
        let wanted = RunWish(number: wish, isRestart: false)
        try FileSystem.create(draft.wanted, with: wanted.bytes, durable: true)
      }
      try FileSystem.sync(directory: draft.path)
      try FileSystem.moveNew(draft.path, to: path)
      isInPlace = true
      try FileSystem.sync(directory: parent)
    } catch {
      var isTakenBack = true
      do throws(SystemError) {
        if isInPlace {
          isTakenBack = false
          try FileSystem.moveNew(path, to: draft.path)
          try FileSystem.sync(directory: parent)
          isTakenBack = true
        }
        try FileSystem.removeTree(draft.path)
      } catch {
        // The next supervisor removes a draft, and the error before says more.
      }
      throw FolderChange.Failure(error: error, isTakenBack: isTakenBack)
    }
  }

  /// Replaces the definition, promises that the VM runs from now on, or both together; durably.
  ///
  /// The wish's number tells whether it has been acted on; with `restarting`, a QEMU that lives is to end first.
  package func bring(
    to record: VMRecord?, wanted wish: Int?, restarting: Bool = false
  ) throws(FolderChange.Failure) {
    try FolderChange.perform(in: path) { change throws(SystemError) in
      if let record { try change.put(Self.definition, record.bytes()) }
      guard let wish else { return }
      try change.put(Self.wanted, RunWish(number: wish, isRestart: restarting).bytes)
      try change.remove(Self.forget)
    }
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

  /// Promises that nothing starts the VM any more; needs no space, and is not taken back.
  package func unwant() throws(SystemError) {
    guard isPresent else { return }
    try FileSystem.remove(wanted)
    try FileSystem.sync(directory: path)
  }

  /// Promises that nothing is left of the VM once it has stopped, with `disks` not even those.
  ///
  /// The last command counts: a plain one behind one with `disks` keeps them. It needs no space where the VM was wanted
  /// and keeps its disks.
  package func markForgotten(disks: Bool) throws(FolderChange.Failure) {
    guard isPresent else { return }
    try FolderChange.perform(in: path) { change throws(SystemError) in
      if disks {
        try change.put(Self.forget, Array(Self.withDisks.utf8))
        try change.remove(Self.wanted)
      } else if FileSystem.isPresent(wanted) {
        try change.move(Self.wanted, to: Self.forget)
      } else {
        try change.put(Self.forget, [])
      }
    }
  }

  /// What has become of the end of a wish.
  enum EndRecord: Sendable, Equatable {
    case done

    /// Nothing starts it any more, but it stays.
    case unremoved(FolderChange.Failure)
    case unrecorded(SystemError)
  }

  /// Promises that nothing starts the VM any more and, unless `deletingDisks` is nil, that nothing is left of it.
  ///
  /// What is not forgotten is at least not to start again, if it `stops`.
  func recordEnd(deletingDisks: Bool?, stops: Bool) -> EndRecord {
    var refusal: FolderChange.Failure?
    if let deletingDisks {
      do throws(FolderChange.Failure) {
        try markForgotten(disks: deletingDisks)
        return .done
      } catch {
        if !stops { return .unremoved(error) }
        refusal = error
      }
    }
    do throws(SystemError) {
      try unwant()
    } catch {
      return .unrecorded(error)
    }
    return refusal.map { .unremoved($0) } ?? .done
  }

  /// Takes the wish back that nothing is left of the VM.
  func keep() throws(FolderChange.Failure) {
    guard isPresent else { return }
    try FolderChange.perform(in: path) { change throws(SystemError) in try change.remove(Self.forget) }
  }

  /// Whether the folder is there; not after a removal that came that far and could not be ended.
  package var isPresent: Bool { FileSystem.isPresent(path) }

  /// Keeps causes and counters: they survive the supervisor, not a loss of power.
  ///
  /// It blocks.
  func save(_ bytes: [UInt8]) throws(SystemError) {
    try FileSystem.replace(state, with: bytes, durable: false)
  }

  package func save(_ state: SavedState) throws(SystemError) { try save(state.bytes()) }

  /// Removes the folder with all in it; interrupted, the next supervisor or another call clears up.
  ///
  /// Only when nobody holds the VM's lock: a QEMU that somehow lives keeps its lock's file, and so its only proof.
  package func remove() throws(SystemError) {
    let gone = FileSystem.parent(of: path) + Self.gonePrefix + id
    try FileSystem.removeTree(gone)
    guard isPresent else { return }
    var looks = 100
    while try FileLock.isHeld(self.lock) {
      // For a moment it may be in the hands of another VM's child between its fork and its exec, which tells nobody when
      // it is over. On the VM's lane this holds up nobody else.
      guard looks > 0 else { throw SystemError("flock", self.lock, code: EWOULDBLOCK) }
      looks -= 1
      usleep(10_000)
    }
    try FileSystem.move(path, to: gone)
    try FileSystem.removeTree(gone)
  }
}
