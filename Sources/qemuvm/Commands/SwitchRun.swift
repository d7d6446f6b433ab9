internal import Glibc
internal import Host
internal import Switch

/// `qemuvm switch run`: the switch of one network, in the foreground.
struct SwitchRun: Verb {
  static let name = "switch run"
  static let group = VerbGroup.supervisor
  static let farPart = FarPart.none
  static let summary = "Be the switch of one network, in the foreground"
  static let discussion = [
    "It carries the frames of the cards that the definition names, each of which QEMU reaches by '-netdev dgram' over two "
      + "UNIX paths; gives each its address by DHCP; and answers DNS for their names. A card may speak with its own MAC "
      + "and address only, unless its port says \"secure\": false. It ends on SIGTERM; QEMUs that run then go on with "
      + "the next switch of the same definition.",
    "The definition is JSON: { \"name\": \"shop/backend\", \"subnet\": \"10.9.0.0/24\", \"address\": \"10.9.0.1\", "
      + "\"domain\": \"backend.shop\", \"control\": PATH, \"ports\": [{ \"name\": \"db\", \"mac\": \"52:54:00:00:00:02\", "
      + "\"address\": \"10.9.0.2\", \"switch\": PATH, \"card\": PATH }] }; \"switch\" and \"card\" are QEMU's remote and "
      + "local. Besides, with their defaults: \"mtu\" (1500), \"dhcp\" (true), \"dns\" (false; true asks for names "
      + "from elsewhere: the host's resolver, or the address \"nameServer\"), \"broadcastsPerSecond\" (1000, a port), \"queueBytes\" (262144, a port).",
    "Who connects to the control socket is told the counters of each port as one line of JSON.",
  ]
  static let examples = ["qemuvm switch run backend.json"]
  static let arguments = [
    ArgumentDeclaration("FILE", .one, help: "The definition; '/dev/stdin' reads it from there.")
  ]
  static let options: [any DeclaredOption] = [readyDescriptor]

  private static let readyDescriptor = ValueOption(
    "ready-fd", "N", .number(3...Int(Int32.max)), help: "Write 'ok' to this descriptor when it takes frames.")

  private let file: String
  private let readyDescriptor: Int32?

  init(_ given: GivenArguments) {
    file = given.words[0]
    readyDescriptor = given[Self.readyDescriptor].flatMap(Int32.init(exactly:))
  }

  func run(_ context: Context) throws -> ExitCode {
    let ready = readyDescriptor.map { FileDescriptor(owning: $0) }
    do throws(SwitchProcess.Failure) {
      try SwitchProcess.run(definition: file, readyDescriptor: ready)
    } catch {
      switch error {
      case .invalid: throw CommandFailure(.usage, file, "\(error)")
      case .system: throw CommandFailure(.failed, nil, "\(error)")
      }
    }
    return .done
  }
}
