internal import JSON

/// How the guest sees its CPUs arranged: sockets with cores, which have threads.
///
/// Key: `topology`. It is no device: QEMU has it in `-smp`.
struct CPUTopology: Device {
  let sockets: Int
  let cores: Int
  let threads: Int

  var id: DeviceID { DeviceID("cpu-topology") }
  var key: String { "topology" }
  var label: String { "CPU topology" }

  var properties: JSONObject {
    ["sockets": JSONValue(sockets), "cores": JSONValue(cores), "threads": JSONValue(threads)]
  }

  var shown: [(key: String, value: String)] {
    [(key, "\(sockets) × \(cores) cores × \(threads) threads")]
  }
}

/// The key `topology` as written; a member that is left out is 1, but `sockets` where `cpus` is written.
package struct TopologySetting: Sendable, Equatable {
  package var sockets: Int?
  package var cores: Int?
  package var threads: Int?

  /// How many CPUs there are in a socket.
  private var each: Int { (cores ?? 1) * (threads ?? 1) }

  /// The number of CPUs that it makes, where `cpus` says nothing.
  var count: Int { (sockets ?? 1) * each }

  /// Nil where it cannot make so many.
  func resolved(cpus: Int) -> CPUTopology? {
    let sockets = sockets ?? cpus / each
    guard sockets * each == cpus else { return nil }
    return CPUTopology(sockets: sockets, cores: cores ?? 1, threads: threads ?? 1)
  }
}

extension TopologySetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> TopologySetting? {
    guard var reader = ObjectReader(node, expected: "an object of sockets, cores and threads") else {
      return nil
    }
    var setting = TopologySetting()
    setting.sockets = reader.read("sockets") { $0.integer(in: 1...256, "number of sockets") }
    setting.cores = reader.read("cores") { $0.integer(in: 1...1_024, "number of cores in a socket") }
    setting.threads = reader.read("threads") { $0.integer(in: 1...8, "number of threads in a core") }
    reader.finish()
    return setting
  }

  var json: JSONValue {
    var object = JSONObject()
    object["sockets"] = sockets?.json
    object["cores"] = cores?.json
    object["threads"] = threads?.json
    return .object(object)
  }
}

extension DeviceKind {
  static let topology = DeviceKind(keys: [SettingKey("topology", \.topology)]) { resolver in
    guard let setting = resolver.settings.topology else { return [] }
    let cpus = resolver.cpuCount
    guard let topology = setting.resolved(cpus: cpus) else {
      resolver.report(
        "topology",
        "sockets × cores × threads must be the number of CPUs, \(cpus); leave 'cpus' out, or change one of them"
      )
      return []
    }
    return [topology]
  }
}

extension Settings {
  package var topology: TopologySetting? {
    get { devices["topology"] }
    set { devices["topology"] = newValue }
  }
}
