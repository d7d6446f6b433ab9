package import Control
internal import Host
package import Machine

// Where a VM's sockets for users lie.
extension Locations {
  static func userMonitor(in folder: String) -> String { folder + "/qmp.sock" }

  /// The socket of QEMU's VNC server, which QEMU itself makes.
  static func vnc(in folder: String) -> String { folder + "/vnc.sock" }

  /// The socket of a serial port, counted from 1, which is the console.
  static func serialPort(_ port: Int, in folder: String) -> String {
    folder + "/" + VMFolder.serialName(port) + ".sock"
  }

  /// The VM's own folder below RUNTIME.
  ///
  /// It is called by the VM's id. Where a socket's path would be too long for users' tools with that, it has a short
  /// name: the id's beginning and its hash, with a character between them that no id has.
  package func runtime(of name: VMName) -> String {
    let folders = runtime + "/vms/"
    let whole = folders + name.id
    guard Self.longestSocket(in: whole).utf8.count > UnixSocket.longestPath else { return whole }
    var hash = FNV1a<UInt128>()
    hash.add(name.id)
    let short = "~" + hash.text
    let room = UnixSocket.longestPath - Self.longestSocket(in: folders + short).utf8.count
    return folders + name.id.prefix(max(0, min(room, 24))) + short
  }

  /// The longest path that a socket of the VM has there.
  func longestSocket(of name: VMName) -> String { Self.longestSocket(in: runtime(of: name)) }

  private static func longestSocket(in folder: String) -> String { serialPort(1, in: folder) }
}
