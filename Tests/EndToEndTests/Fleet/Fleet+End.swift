import Glibc
import Host
import JSON
import Testing

extension Fleet {
  /// Clears away what a test that passed has left running, in the product's own way, and fails it for what then remains.
  func end() async throws {
    if try !processes().isEmpty {
      for vm in try await json("ls").array ?? [] where vm["pid"]?.int != nil {
        let lab = vm["lab"]?.string.map { $0 + "/" } ?? ""
        try await qemuvm("kill", lab + (vm["name"]?.string ?? ""))
      }
      try await qemuvm("supervisor", "stop")
    }
    let left = try processes()
    #expect(left.isEmpty, "left running")
    #expect(!FileSystem.exists(controlSocket), "the control socket is left behind")
    for process in left { await process.kill() }
    try await clear()
  }

  /// Kills what a failed test has left.
  func killEverything() async {
    endMountServers()
    // Guests last: a supervisor would start them again. A process that is gone meanwhile cannot be killed any more.
    for process in (try? supervisors()) ?? [] { await process.kill() }
    for process in (try? processes()) ?? [] { await process.kill() }
  }

  /// Puts what explains a failure into the test's record.
  func describeToTheReader() async {
    // A log that was never written explains nothing.
    if let log = try? FileSystem.tail(state + "/supervisor.log", bytes: 8192) {
      Issue.record("the supervisor's log: \(String(decoding: log, as: UTF8.self))")
    }
    let folders = (try? FileSystem.names(in: state + "/vms")) ?? []
    Issue.record("left in vms: \(folders)")
  }
}
