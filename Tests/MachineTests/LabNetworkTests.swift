import JSON
import Machine
import Testing

@Suite("The networks of a lab")
struct LabNetworkTests {
  private static func file(_ networks: String, _ vms: String) throws -> LabFile {
    try LabFile(
      parsing: Array("{ networks: { \(networks) },\n vms: { \(vms) } }".utf8), file: "q.json5",
      defaultLab: "lab")
  }

  @Test("are read with what they leave out, and come back over the control socket as they were")
  func read() throws {
    let file = try Self.file(
      "backend: { subnet: '10.9.0.0/24', address: '10.9.0.254', dns: true, mtu: 9000 }, quiet: { dhcp: false }, x: {}",
      "web: { networks: ['backend', { network: 'x', secure: false }] }")
    let backend = try #require(file.networks["backend"])
    #expect(backend.subnet.map { "\($0)" } == "10.9.0.0/24")
    #expect(backend.address.map { "\($0)" } == "10.9.0.254")
    #expect(backend.dns && backend.dhcp && backend.mtu == 9000)
    #expect(file.networks["quiet"]?.dhcp == false)
    #expect(file.networks.names == ["backend", "quiet", "x"])
    #expect(try LabNetworks(json: file.networks.json) == file.networks)
    let vm = file.vms[0]
    #expect(try VMDefinition(json: .object(vm.json)).settings == vm.settings)
  }

  @Test("A card has a MAC of its own on each network, the same each time, unless it is written")
  func cards() throws {
    let file = try Self.file(
      "a: {}, b: { subnet: '10.9.0.0/24' }",
      "web: { networks: ['user', 'a', { network: 'b', address: '10.9.0.7', mac: '52:54:00:00:00:01' }] }")
    let definition = file.vms[0]
    let machine = try Example.machine(definition)
    let cards = try Example.flat(definition).labCards(uuid: Example.uuid)
    #expect(cards == machine.labCards)
    #expect(cards == machine.description.labCards)
    #expect(cards.map(\.network) == ["a", "b"])
    #expect(Set(machine.networkCards.map(\.address)).count == 3)
    #expect(cards[1].mac.description == "52:54:00:00:00:01")
    #expect(cards[1].address.map { "\($0)" } == "10.9.0.7")
    #expect(machine.cardSockets.map(\.path).first == "/state/networks/a@lab/web.card")
  }

  private static let rule = "a name may have only ASCII letters, digits, '.', '_' and '-', not "

  @Test(
    "What cannot be is refused with its place",
    arguments: [
      (
        "'a b': {}", "web: {}",
        "q.json5:1:15: networks: 'a b' is not a valid name: \(rule)white space"
      ),
      (
        "user: {}", "web: {}",
        "q.json5:1:15: networks: a network cannot be called 'user', which means another"
      ),
      (
        "a: { subnet: '10.9.0.1/24' }", "web: {}",
        "q.json5:1:28: networks.a.subnet: '10.9.0.1/24' is not a subnet; write its first address and its length, "
          + "as '10.9.0.0/24'"
      ),
      (
        "a: { address: '10.9.0.1' }", "web: {}",
        "q.json5:1:29: networks.a.address: an address of the switch's needs the network's 'subnet'"
      ),
      (
        "a: { subnet: '10.9.0.0/24', address: '10.8.0.1' }", "web: {}",
        "q.json5:1:52: networks.a.address: 10.8.0.1 is not one of a card's in 10.9.0.0/24"
      ),
      (
        "a: { subnet: '10.9.0.0/24' }, b: { subnet: '10.9.0.128/25' }", "web: {}",
        "q.json5:1:48: networks.b: its subnet 10.9.0.128/25 has addresses of the network 'a'"
      ),
      (
        "backend: {}", "web: { networks: ['bakend'] }",
        "q.json5:2:27: vms.web.networks[0]: unknown network 'bakend'; did you mean 'backend'?"
      ),
      (
        "a: {}", "web: { networks: [{ network: 'a', address: '10.9.0.7' }] }",
        "q.json5:2:52: vms.web.networks[0].address: a card with an address needs the 'subnet' of the network 'a'"
      ),
      (
        "a: { subnet: '10.9.0.0/24' }", "web: { networks: [{ network: 'a', address: '10.9.1.7' }] }",
        "q.json5:2:52: vms.web.networks[0].address: 10.9.1.7 is not one of a card's in 10.9.0.0/24, the subnet of 'a'"
      ),
      (
        "a: { subnet: '10.9.0.0/24' }", "web: { networks: [{ network: 'a', address: '10.9.0.1' }] }",
        "q.json5:2:52: vms.web.networks[0].address: 10.9.0.1 is the switch's own on 'a'"
      ),
      (
        "a: { subnet: '10.9.0.0/24' }",
        "db: { networks: [{ network: 'a', address: '10.9.0.7' }] },\n"
          + " web: { networks: [{ network: 'a', address: '10.9.0.7' }] }",
        "q.json5:3:45: vms.web.networks[0].address: 10.9.0.7 is the address of 'db' on 'a' already"
      ),
      (
        "a: {}", "web: { networks: ['a', 'a'] }",
        "q.json5:2:32: vms.web.networks[1]: another card of this guest is on 'a'; a VM has one card on a network"
      ),
      (
        "a: {}", "web: { networks: [{ network: 'a', restrict: true }] }",
        "q.json5:2:53: vms.web.networks[0].restrict: a network of the lab leads nowhere else; "
          + "'restrict' is for user: true"
      ),
      (
        "a: {}", "web: { networks: [{ user: true, address: '10.9.0.7' }] }",
        "q.json5:2:27: vms.web.networks[0]: 'address' is for a card on a network of the lab: write network: NAME"
      ),
      (
        "a: {}", "'we.b': { networks: ['a'] }",
        "q.json5:2:30: vms.we.b.networks[0]: 'we.b' cannot stand in DNS: at most 63 letters, digits, '-' and '_', "
          + "which the network 'a' needs"
      ),
    ])
  func refusals(networks: String, vms: String, expected: String) {
    #expect {
      try Self.file(networks, vms)
    } throws: {
      if "\($0)" != expected { print("as it is: \($0)") }
      return "\($0)" == expected
    }
  }

  @Test("A VM outside labs has no networks but its own")
  func outside() throws {
    let definition = try VMDefinition(json: ["name": "web", "networks": ["backend"]])
    #expect {
      try Example.machine(definition)
    } throws: {
      "\($0)" == "networks[0]: unknown network 'backend'; use user or none"
    }
  }
}
