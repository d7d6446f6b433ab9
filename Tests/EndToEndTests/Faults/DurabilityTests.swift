import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Wishes and a disk that fails") struct Durability {
    /// The folder of `web` in the lab `shop`.
    private static let id = "web@shop"

    /// A disk that qemuvm keeps for the VM, as far as deleting it goes.
    @discardableResult
    private static func makeDisk(of fleet: Fleet) throws -> String {
      let disk = "\(fleet.state)/disks/\(id)/disk"
      try fleet.write("data", to: disk)
      return disk
    }

    @Test("A down with --disks that was not confirmed deletes no disk, nor does the plain one behind it")
    func interruptedDisks() async throws {
      try await Fleet.runFailing { fleet, calls in
        try fleet.define()
        let disk = try Self.makeDisk(of: fleet)
        for act in [FailingCalls.Act.die, .fail] {
          try await fleet.qemuvm(["up"])
          let forget = "rename /state/vms/\(Self.id)/forget"
          let down = try await fleet.run(["down", "--disks"], with: calls, at: forget, act: act)
          #expect(down.code == (act == .die ? 5 : 1), "\(down)")
          #expect(FileSystem.exists(disk))
          if act == .fail {
            #expect(
              down.errors.contains("stopped, but not removed") && down.errors.contains("disks are kept"))
            #expect(try await fleet.status("web")["desired"] == "stopped")
          }
          try await fleet.qemuvm(["down"])
          #expect(FileSystem.exists(disk))
          #expect(try await fleet.names().isEmpty)
        }
        // The last that was confirmed counts, also of a guest that takes its time.
        try await fleet.defineObedient(.nothing, "stopTimeout: '60s',")
        try await fleet.qemuvm(["up"])
        let slow = try fleet.start(["down", "--disks"])
        _ = try await slow.errors.read(until: "stopping")
        try await fleet.qemuvm(["down", "--stop-timeout", "0s"])
        #expect(try await slow.end().code == 0)
        #expect(FileSystem.exists(disk))
        try await fleet.qemuvm(["up"])
        try await fleet.qemuvm(["down", "--disks", "--stop-timeout", "0s"])
        #expect(!FileSystem.exists(disk))
      }
    }

    @Test("What is refused because its folder cannot be made durable does not hold with the next supervisor")
    func refusedWishes() async throws {
      try await Fleet.runFailing { fleet, calls in
        try fleet.define()
        func refused(_ words: [String], at label: String) async throws {
          try await fleet.qemuvm(["ls"])
          let outcome = try await fleet.run(words, with: calls, at: label)
          #expect(outcome.code == 1, "\(outcome)")
          #expect(
            outcome.errors.contains("could not be recorded") && outcome.errors.contains("Nothing was changed")
          )
          await (try fleet.supervisor()).kill()
        }
        let folder = "fsync /state/vms/\(Self.id)"
        for words in [["up"], ["create"]] {
          try await refused(words, at: "fsync /state/vms")
          #expect(try await fleet.names().isEmpty, "\(words)")
          #expect(try FileSystem.names(in: fleet.state + "/vms").isEmpty)
        }
        try await fleet.qemuvm("create")
        await (try fleet.supervisor()).kill()
        for words in [["start", "web"], ["restart", "web"], ["up"]] {
          if words == ["up"] { try fleet.define("memory: '32M',") }
          try await refused(words, at: folder)
          let vm = try await fleet.status("web")
          #expect(vm["state"] == "stopped" && vm["desired"] == "stopped", "\(words)")
          #expect(vm["definition"]?["memory"] == nil)
          await (try fleet.supervisor()).kill()
        }
        // Of a running one: its definition, and that it is to stay.
        try fleet.define()
        try await fleet.qemuvm("up")
        let pid = try fleet.guest().pid
        await (try fleet.supervisor()).kill()
        try await refused(["update", "web", "--memory", "32M"], at: folder)
        let vm = try await fleet.status("web")
        #expect(vm["pid"]?.int == pid && vm["definition"]?["memory"] == nil)
        // A guest that is to end ends, and stays on the list.
        await (try fleet.supervisor()).kill()
        try await fleet.qemuvm(["ls"])
        let down = try await fleet.run(["down"], with: calls, at: folder)
        #expect(down.code == 1 && down.errors.contains("stopped, but not removed"), "\(down)")
        try await fleet.wait(for: "web", toBe: "stopped")
        await (try fleet.supervisor()).kill()
        #expect(try await fleet.status("web")["state"] == "stopped")
        let names = try FileSystem.names(in: "\(fleet.state)/vms/\(Self.id)")
        #expect(!names.contains { $0.hasSuffix(".new") || $0 == "wanted" || $0 == "forget" }, "\(names)")
        try await fleet.qemuvm("rm", "web")
      }
    }

    @Test(
      "down and rm end with the cause when the removal fails, and do it when told once more",
      arguments: [
        "rename /state/vms/.gone.web@shop", "unlinkat console.log", "unlinkat /run/vms/web@shop",
        "openat /state/disks/web@shop",
      ])
    func failedRemoval(label: String) async throws {
      try await Fleet.runFailing { fleet, calls in
        try fleet.define()
        for (before, words) in [(["up"], ["down", "--disks"]), (["create"], ["rm", "web", "--disks"])] {
          // A VM that never ran has no log and no sockets.
          if before == ["create"], label.hasSuffix(".log") || label.hasSuffix("/run/vms/web@shop") {
            continue
          }
          let disk = try Self.makeDisk(of: fleet)
          try await fleet.qemuvm(before)
          let failed = try await fleet.run(words, with: calls, at: label)
          #expect(failed.code == 1, "\(failed)")
          #expect(failed.errors.contains("not removed") && failed.errors.contains("Input/output error"))
          let vm = try await fleet.status("web")
          #expect(vm["state"] == "failed" && vm["desired"] == "stopped" && vm["pid"] == .null)
          try await fleet.qemuvm(words)
          #expect(try await fleet.names().isEmpty)
          #expect(!FileSystem.exists(disk))
          #expect(try FileSystem.names(in: fleet.state + "/vms").isEmpty)
        }
        // What could not be removed keeps nobody from making it anew.
        try await fleet.qemuvm(["up"])
        try Self.makeDisk(of: fleet)
        #expect(try await fleet.run(["down", "--disks"], with: calls, at: label).code == 1)
        try await fleet.qemuvm("up")
        #expect(try await fleet.status("web")["state"] == "running")
        try await fleet.qemuvm("down")
      }
    }

    @Test("The end of a QEMU is learnt though the kernel does not tell it")
    func untoldEnd() async throws {
      try await Fleet.runFailing { fleet, calls in
        try fleet.define()
        let watch = "epoll_ctl anon_inode:[pidfd]"
        for words in [["up"], ["restart", "web"]] {
          try await fleet.qemuvm("ls")
          // Of a restart, the QEMU before is watched.
          _ = try await fleet.run(words, with: calls, at: watch)
          let guest = try fleet.guest()
          guest.signal(SIGKILL)
          try await fleet.wait(for: "web") { $0["state"] == "running" && $0["pid"]?.int != guest.pid }
        }
        try await fleet.qemuvm("up")
        #expect(try await fleet.run(["restart", "web"], with: calls, at: watch).code == 0)
        try await fleet.qemuvm("stop", "web")
        #expect(try fleet.guests().isEmpty)
      }
    }

    @Test("down removes links in the place of its folders, and nothing that they lead to")
    func links() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        let places = ["run/vms", "state/disks", "state/vms"].map { "\(fleet.root)/\($0)/\(Self.id)" }
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("stop")
        try await fleet.qemuvm("supervisor", "stop")
        for place in places {
          let other = try fleet.write("kept", to: "other-\(places.firstIndex(of: place) ?? 0)/f.new")
          let folder = FileSystem.parent(of: other)
          if place.hasPrefix(fleet.state + "/vms") {
            for name in try FileSystem.names(in: place) {
              try FileSystem.move("\(place)/\(name)", to: "\(folder)/\(name)")
            }
          }
          try FileSystem.removeTree(place)
          try FileSystem.makeDirectory(FileSystem.parent(of: place))
          try FileSystem.link(place, to: folder)
        }
        try await fleet.qemuvm("down", "--disks")
        #expect(try await fleet.names().isEmpty)
        for (index, place) in places.enumerated() {
          #expect(!FileSystem.isPresent(place), "\(place)")
          #expect(try fleet.text(of: "\(fleet.folder)/other-\(index)/f.new") == "kept", "\(place)")
        }
      }
    }
  }
}
