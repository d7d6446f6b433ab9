import Control
import Machine
import Supervisor
import Testing

@Suite("Locations") struct LocationsTests {
  private static func runtime(depth: Int, _ name: VMName) -> String {
    let runtime = "/" + String(repeating: "r", count: depth - 1)
    return Locations(state: "/s", runtime: runtime, configuration: "/c").runtime(of: name)
  }

  @Test("A VM's folder for sockets has its id, or a short name of its own where that would be too long")
  func runtimeFolders() throws {
    let lab = String(repeating: "l", count: 63)
    for length in 1...63 {
      let name = try VMName(String(repeating: "n", count: length), lab: lab)
      let twin = try VMName(String(repeating: "n", count: length - 1) + "m", lab: lab)
      for depth in 1...75 {
        let folder = Self.runtime(depth: depth, name)
        #expect(folder.utf8.count + "/console.sock".utf8.count <= 107)
        #expect(folder != Self.runtime(depth: depth, twin))
        // One that fits keeps its name: guests of earlier versions listen there.
        let whole = String(repeating: "r", count: depth - 1) + "/vms/" + name.id
        if whole.utf8.count + 1 + "/console.sock".utf8.count <= 107 { #expect(folder == "/" + whole) }
      }
    }
  }

  @Test(
    "A relative path in a variable of XDG's is ignored, one in a variable of ours stands on the working directory"
  )
  func relative() {
    let variables = ["XDG_STATE_HOME": "state", "XDG_RUNTIME_DIR": "run", "XDG_CONFIG_HOME": "config"]
    let home = ["HOME": "/home/u"]
    // No such user has a folder below /run/user.
    let uid: UInt32 = 4_000_000_000
    let plain = Locations(environment: home, uid: uid)
    #expect(plain.state == "/home/u/.local/state/qemuvm")
    #expect(plain.runtime == "/home/u/.local/state/qemuvm/run")
    #expect(plain.configuration == "/home/u/.config/qemuvm")
    #expect(Locations(environment: home.merging(variables) { $1 }, uid: uid) == plain)
    let absolute = Locations(environment: home.merging(variables.mapValues { "/x/" + $0 }) { $1 }, uid: uid)
    #expect(
      absolute
        == Locations(state: "/x/state/qemuvm", runtime: "/x/run/qemuvm", configuration: "/x/config/qemuvm"))
    #expect(Locations(environment: ["QEMUVM_STATE_DIR": "here"], uid: uid).state.hasSuffix("/here"))
  }
}
