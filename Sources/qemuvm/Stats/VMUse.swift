internal import Control
internal import Host
internal import JSON

/// What a VM has used up to a moment: counters that grow, and what it holds at that moment.
struct VMUse: Sendable, Equatable {
  struct Disk: Sendable, Equatable {
    /// QEMU's name of it, as `disk-data`.
    let name: String
    let readBytes: Int64
    let writtenBytes: Int64
    let reads: Int64
    let writes: Int64

    /// What its file takes of the host's disk; nil where QEMU does not say.
    var allocatedBytes: Int64?
  }

  /// A card on a network of the lab; of one on `user` nobody counts.
  struct Card: Sendable, Equatable {
    let network: String
    let receivedBytes: Int64
    let sentBytes: Int64
    let drops: Int64
  }

  let vm: VMStatus

  /// When it was looked at.
  let at: Instant

  /// Of QEMU's process; nil where there is none.
  var cpuTime: Duration?
  var residentBytes: Int64?

  /// What each vCPU's thread has run; under TCG one thread may have all of them.
  var vcpus: [Duration] = []

  /// What the guest has of its memory, with a balloon; else all of it.
  var guestBytes: Int64?

  /// Nil where QEMU did not answer, and why.
  var disks: [Disk]?
  var cards: [Card] = []
  var silence: String?

  init(_ vm: VMStatus, at: Instant) {
    self.vm = vm
    self.at = at
  }

  var readBytes: Int64? { disks.map { $0.reduce(0) { $0 + $1.readBytes } } }
  var writtenBytes: Int64? { disks.map { $0.reduce(0) { $0 + $1.writtenBytes } } }
  var allocatedBytes: Int64? { disks.map { $0.reduce(0) { $0 + ($1.allocatedBytes ?? 0) } } }
  var receivedBytes: Int64? { cards.isEmpty ? nil : cards.reduce(0) { $0 + $1.receivedBytes } }
  var sentBytes: Int64? { cards.isEmpty ? nil : cards.reduce(0) { $0 + $1.sentBytes } }

  var json: JSONObject {
    [
      "name": .string(vm.name.name), "lab": JSONValue(text: vm.name.lab), "state": .string(vm.state.text),
      "pid": Self.number(vm.pid.map(Int64.init)), "cpus": Self.number(vm.cpus.map(Int64.init)),
      "cpuSeconds": cpuTime.map { .number($0.seconds) } ?? .null,
      "vcpuSeconds": .array(vcpus.map { .number($0.seconds) }), "residentBytes": Self.number(residentBytes),
      "memoryBytes": Self.number(vm.memoryBytes.map { Int64(clamping: $0) }),
      "guestMemoryBytes": Self.number(guestBytes),
      "disks": disks.map { .array($0.map { .object(Self.json($0)) }) } ?? .null,
      "networks": .array(cards.map { .object(Self.json($0)) }),
      "uptimeSeconds":
        vm.uptimeSeconds.map { .number($0) } ?? .null,
      "error": JSONValue(text: silence),
    ]
  }

  private static func json(_ disk: Disk) -> JSONObject {
    [
      "name": .string(disk.name), "readBytes": number(disk.readBytes),
      "writtenBytes": number(disk.writtenBytes),
      "reads": number(disk.reads), "writes": number(disk.writes),
      "allocatedBytes": number(disk.allocatedBytes),
    ]
  }

  private static func json(_ card: Card) -> JSONObject {
    [
      "network": .string(card.network), "receivedBytes": number(card.receivedBytes),
      "sentBytes": number(card.sentBytes), "drops": number(card.drops),
    ]
  }

  private static func number(_ value: Int64?) -> JSONValue { value.map { JSONValue(Int($0)) } ?? .null }
}
