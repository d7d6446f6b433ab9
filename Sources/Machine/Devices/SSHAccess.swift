package import JSON

/// The way into a guest by ssh: a port of the host's, and the user who logs in.
///
/// Key: `ssh`. It is no hardware: the port is the card's, and the keys are cloud-init's.
package struct SSHAccess: Device {
  package let user: String
  package let host: String

  /// Nil as long as none was chosen.
  package let port: Int?

  /// Whether the guest has its key from here, so that a client can tell it from another.
  package let isVerified: Bool

  package static let deviceID = DeviceID("ssh")
  package var id: DeviceID { Self.deviceID }
  package var key: String { "ssh" }

  package var properties: JSONObject {
    var properties: JSONObject = [
      "user": .string(user), "host": .string(host), "verified": .bool(isVerified),
    ]
    properties["port"] = port.map { JSONValue($0) }
    return properties
  }

  package func frontends(in context: DeviceContext) -> [DeviceArgument] { [] }

  package var shown: [(key: String, value: String)] {
    [(key, "\(user)@\(host)" + (port.map { ":\($0)" } ?? ", a free port"))]
  }
}

extension SSHAccess {
  /// Reads the properties of one that a guest was started with.
  package init?(_ device: DeviceDescription) {
    let properties = device.properties
    guard device.id == Self.deviceID, let user = properties["user"]?.string,
      let host = properties["host"]?.string
    else { return nil }
    self.init(
      user: user, host: host, port: properties["port"]?.int,
      isVerified: properties["verified"]?.bool ?? false)
  }
}

extension MachineDescription {
  /// The way in by ssh; nil where there is none.
  package var ssh: SSHAccess? { devices?.lazy.compactMap { SSHAccess($0) }.first }

  /// The ports of the host that lead into the guest.
  package var forwards: [PortForward] {
    (devices ?? []).flatMap { device in
      (device.properties["ports"]?.array ?? []).compactMap { port in
        // One of a later version leads nowhere that is known here.
        port.string.flatMap { try? PortForward(parsing: $0) }
      }
    }
  }
}

extension DeviceKind {
  static let ssh = DeviceKind(keys: [SettingKey("ssh", \.ssh)]) { resolver in
    let settings = resolver.settings
    guard let forward = settings.sshForward.map(resolver.host.settled) else {
      if case .on = settings.ssh {
        resolver.report("ssh", "ssh needs a card on the network 'user', which 'networks' does not list")
      }
      return []
    }
    let cloudInit = settings.cloudInit.flatMap { $0.isWanted ? $0 : nil }
    let written: String? = if case .on(let user) = settings.ssh { user } else { nil }
    return [
      SSHAccess(
        user: written ?? cloudInit?.login ?? "root", host: forward.nearAddress,
        port: forward.hostPort == 0 ? nil : forward.hostPort, isVerified: cloudInit != nil)
    ]
  }
}

/// The key `ssh`: whether `qemuvm ssh` leads into the guest, and as whom; `true`, `false`, or `{ user }`.
package enum SSHSetting: Sendable, Equatable {
  case on(user: String?)
  case off
}

extension SSHSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> SSHSetting? {
    if let isOn = node.bool { return isOn ? .on(user: nil) : .off }
    guard var reader = ObjectReader(node, expected: "true, false or an object") else { return nil }
    reader.refuse(
      "port", because: "write the port with the key 'ports', such as \"2222:22\": that one is taken then")
    let user: String? = reader.read("user") { node in
      guard let text = node.nonEmptyText(expected: "a user's name") else { return nil }
      let isName = !text.hasPrefix("-") && text.allSatisfy { $0.isASCIILetterOrDigit || "_.-".contains($0) }
      return isName ? text : node.wrong("'\(text.clipped)' is not a user's name")
    }
    reader.finish()
    return .on(user: user)
  }

  var json: JSONValue {
    switch self {
    case .off: false
    case .on(nil): true
    case .on(let user?): ["user": .string(user)]
    }
  }
}

extension Settings {
  package var ssh: SSHSetting? {
    get { devices["ssh"] }
    set { devices["ssh"] = newValue }
  }

  /// The port of the host that leads to the guest's ssh: one that is written, else a free one; nil without ssh.
  ///
  /// A guest with cloud-init has it wherever it has a card that the host reaches it by.
  var sshForward: PortForward? {
    switch ssh {
    case .off: return nil
    case nil where cloudInit?.isWanted != true: return nil
    case nil, .on: break
    }
    guard networks?.reachesHost == true else { return nil }
    return (ports ?? []).first { $0.transport == .tcp && $0.guestPort == 22 } ?? PortForward(free: 22)
  }

  /// Whether `qemuvm ssh` leads into the guest.
  package var isReachedBySSH: Bool { sshForward != nil }

  /// The port of the host by which the guest's health is probed; nil where it is not.
  private var healthForward: PortForward? {
    guard let port = health?.probe?.guestPort, networks?.reachesHost == true else { return nil }
    let known = (ports ?? []) + [sshForward].compactMap(\.self)
    return known.first { $0.transport == .tcp && $0.guestPort == port } ?? PortForward(free: port)
  }

  /// The ports of the host that lead into the guest, the written ones first.
  ///
  /// One with the host's port 0 takes a free one.
  package var forwards: [PortForward] {
    var forwards = ports ?? []
    for forward in [sshForward, healthForward].compactMap(\.self) where !forwards.contains(forward) {
      forwards.append(forward)
    }
    return forwards
  }
}
