import Host
import JSON

/// The guests of the tests, built from `Guests/` into `.build/guests` and kept there as long as their source stays.
enum Guests {
  /// What the firmware guest does as soon as it has said READY; afterwards it obeys its serial port.
  enum FirstAct: String {
    case nothing = "0"
    case powerOff = "'O'"
    case panic = "'P'"
    case reset = "'R'"
    case crashes = "'C'"
    case number = "'N'"
  }

  /// A guest that could not be built.
  struct BuildFailure: Error, CustomStringConvertible {
    let outcome: Program.Outcome

    var description: String {
      "cannot build a test guest (the README names the packages it needs):\n\(outcome.command)\n\(outcome.errors)"
    }
  }

  struct LinuxGuest: Sendable {
    let kernel: String
    let initrd: String
  }

  /// Sets a VM's `firmware` to this: 64 KiB that need no disk.
  static func firmware(_ act: FirstAct) async throws -> String {
    try await built("firmware.S", as: "firmware-\(act)", checkedBy: "rom") { folder in
      let (object, rom) = (folder + "/firmware.o", folder + "/rom")
      try await run(
        "gcc", "-x", "assembler-with-cpp", "-DACT=\(act.rawValue)", "-m32", "-c", sources + "/firmware.S",
        "-o", object)
      try await run("ld", "-m", "elf_i386", "-Ttext", "0", "--oformat", "binary", object, "-o", rom)
    } + "/rom"
  }

  /// Debian's kernel with a shell on ttyS0, which takes the power button.
  static func linux() async throws -> LinuxGuest {
    let folder = try await built("linux-guest.sh", as: "linux", checkedBy: "initrd.gz") { folder in
      try await run(sources + "/linux-guest.sh", folder)
    }
    return LinuxGuest(kernel: folder + "/vmlinuz", initrd: folder + "/initrd.gz")
  }

  /// A library that makes one system call of qemuvm fail, for `FailingCalls`.
  static func failingCalls() async throws -> String { try await library("failing-calls") }

  /// A library that holds system calls of qemuvm up, as often as `QEMUVM_SLOW_CALLS` says.
  static func slowCalls() async throws -> String { try await library("slow-calls") }

  private static func library(_ name: String) async throws -> String {
    try await built("../Preload/\(name).c", as: name, checkedBy: "library.so") { folder in
      let draft = folder + "/draft.so"
      try await run("gcc", "-shared", "-fPIC", "-O1", sources + "/../Preload/\(name).c", "-o", draft, "-ldl")
      try FileSystem.move(draft, to: folder + "/library.so")
    } + "/library.so"
  }

  /// The server of a file system that hangs.
  static func hanging() async throws -> String {
    try await built("hanging.c", as: "hanging", checkedBy: "server") { folder in
      try await run("gcc", "-Wall", "-o", folder + "/server", sources + "/hanging.c")
    } + "/server"
  }

  private static let sources = FileSystem.parent(of: #filePath) + "/Guests"
  private static let cache = FileSystem.absolute("../../.build/guests", in: FileSystem.parent(of: #filePath))

  /// The folder of what a source was built into; built at most once, whoever asks at the same time.
  private static func built(
    _ source: String, as name: String, checkedBy last: String, _ build: (String) async throws -> Void
  ) async throws -> String {
    try FileSystem.makeDirectory(cache)
    let folder = "\(cache)/\(name)-\(fingerprint(of: try FileSystem.read(sources + "/" + source)))"
    let lock = await offQueue { () -> Result<Int32, SystemError> in
      // Waiting, `take` always returns a lock or throws.
      do throws(SystemError) {
        return .success(try FileLock.take(cache + "/lock", wait: true)?.release().release() ?? -1)
      } catch {
        return .failure(error)
      }
    }
    let held = FileDescriptor(owning: try lock.get())
    if !FileSystem.exists(folder + "/" + last) {
      try FileSystem.makeDirectory(folder)
      try await build(folder)
    }
    _ = consume held
    return folder
  }

  private static func run(_ words: String...) async throws {
    let program = try Program("/usr/bin/env", words, environment: ChildProcess.environment)
    let outcome = try await program.end(within: .seconds(300))
    guard outcome.status == .code(0) else { throw BuildFailure(outcome: outcome) }
  }

  /// FNV-1a: enough to tell one version of a source from another.
  private static func fingerprint(of bytes: [UInt8]) -> String {
    let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return String(hash, radix: 16)
  }
}
