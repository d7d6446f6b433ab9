internal import Glibc
internal import Host
internal import JSON
internal import Machine
internal import Network

// The switch of a lab's network, as the helper that it is.
extension HelperDeclaration {
  /// When it dies it is started again at once, for guests go on meanwhile; one that keeps dying is left more and more
  /// time.
  private static let switchPolicy = RestartPolicy(
    mode: .always, delay: .milliseconds(10), maxDelay: .seconds(2), resetAfter: .seconds(10))

  /// Its descriptor for saying that it takes frames.
  private static let readyDescriptor: Int32 = 4

  /// The switch of a network; `paths` are those of its ports' cards.
  static func networkSwitch(_ network: NetworkDefinition, in folder: String, _ paths: [NetworkPaths.Ends])
    -> HelperDeclaration
  {
    let bytes = Array((json(network, folder, paths).pretty() + "\n").utf8)
    var hash = FNV1a<UInt128>()
    for byte in bytes { hash.add(byte) }
    // By its name a later supervisor knows what the switch that runs was told.
    let file = HelperDeclaration.File("\(hash.text).json", bytes)
    var declaration = HelperDeclaration(
      "the switch of \(network.name)", folder: folder, program: ownProgram,
      arguments: ["switch", "run", folder + "/" + file.name, "--ready-fd", "\(readyDescriptor)"],
      markCount: 2, death: .startAgain(switchPolicy))
    declaration.files = [file]
    declaration.readiness = .line(descriptor: readyDescriptor)
    return declaration
  }

  /// One of which nothing is known but that it is there: it is not started again before somebody says how.
  static func unknownSwitch(of name: String, in folder: String) -> HelperDeclaration {
    HelperDeclaration(
      "the switch of \(name)", folder: folder, program: ownProgram, arguments: ["switch", "run"],
      markCount: 2,
      death: .goOn)
  }

  /// Where a switch tells what it counts.
  static func switchReport(in folder: String) -> String { folder + "/report" }

  /// This program by its path, so that the switch has its name; by the kernel's link when the file was replaced.
  private static var ownProgram: String {
    let link = "/proc/self/exe"
    guard let path = FileSystem.linkTarget(link), FileSystem.exists(path) else { return link }
    return path
  }

  private static func json(
    _ network: NetworkDefinition, _ folder: String, _ paths: [NetworkPaths.Ends]
  ) -> JSONValue {
    let ports: [JSONValue] = zip(network.ports, paths).map { port, ends in
      var object: JSONObject = ["name": .string(port.name), "mac": .string("\(port.mac)")]
      object["address"] = port.address.map { .string("\($0)") }
      if !port.isSecure { object["secure"] = false }
      object["switch"] = .string(ends.switchEnd)
      object["card"] = .string(ends.card)
      return .object(object)
    }
    var object: JSONObject = [
      "name": .string(network.name), "subnet": .string("\(network.subnet)"),
      "address": .string("\(network.address)"), "domain": .string(network.domain),
      "control": .string(switchReport(in: folder)),
    ]
    object["mtu"] = network.mtu.map { JSONValue($0) }
    if !network.answersDHCP { object["dhcp"] = false }
    if network.forwardsDNS { object["dns"] = true }
    object["ports"] = .array(ports)
    return .object(object)
  }
}
