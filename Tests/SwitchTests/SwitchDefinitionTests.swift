import JSON
import Network
import Testing

@testable import Switch

@Suite("What the switch is told") struct SwitchDefinitionTests {
  private static let whole: JSONObject = [
    "name": "shop/backend", "subnet": "10.9.0.0/24", "address": "10.9.0.1", "domain": "backend.shop",
    "control": "/n/control", "mtu": 9000, "dhcp": false, "dns": true, "nameServer": "192.0.2.9",
    "broadcastsPerSecond": 50,
    "queueBytes": 100_000,
    "ports": [
      [
        "name": "db", "mac": "52:54:00:00:00:02", "address": "10.9.0.2", "switch": "/n/db.switch",
        "card": "/n/db.card",
      ],
      [
        "name": "router", "mac": "52:54:00:00:00:03", "secure": false, "switch": "/n/router.switch",
        "card": "/n/router.card",
      ],
    ],
  ]

  private func read(_ json: JSONObject) throws -> SwitchDefinition {
    try SwitchDefinition(Array(JSONValue.object(json).description.utf8))
  }

  @Test("Every key is read")
  func everything() throws {
    let definition = try read(Self.whole)
    let network = definition.network
    #expect(network.name == "shop/backend")
    #expect(network.subnet.description == "10.9.0.0/24")
    #expect(network.address.description == "10.9.0.1")
    #expect(network.domain == "backend.shop")
    #expect(network.mtu == 9000)
    #expect(!network.answersDHCP)
    #expect(network.forwardsDNS)
    #expect(network.broadcastsPerSecond == 50)
    #expect(network.ports.map(\.name) == ["db", "router"])
    #expect(network.ports.map { $0.address?.description } == ["10.9.0.2", nil])
    #expect(network.ports.map(\.isSecure) == [true, false])
    #expect(definition.ends.map(\.cardPath) == ["/n/db.card", "/n/router.card"])
    #expect(definition.ends.map(\.switchPath) == ["/n/db.switch", "/n/router.switch"])
    #expect(definition.control == "/n/control")
    #expect(definition.nameServer == "192.0.2.9")
    #expect(definition.queueBytes == 100_000)
  }

  @Test("What is left out has its default")
  func defaults() throws {
    var json = Self.whole
    for key in ["control", "mtu", "dhcp", "dns", "nameServer", "broadcastsPerSecond", "queueBytes"] {
      json[key] = nil
    }
    let definition = try read(json)
    #expect(definition.network.answersDHCP)
    #expect(!definition.network.forwardsDNS)
    #expect(definition.network.mtu == nil)
    #expect(definition.control == nil)
    #expect(definition.nameServer == nil)
    #expect(definition.queueBytes == 262_144)
  }

  @Test(
    "Each mistake is told with its place",
    arguments: [
      ("subnet", "10.9.0.0/33", "subnet: expected a subnet such as \"10.9.0.0/24\", found \"10.9.0.0/33\""),
      ("address", "10.9.0", "address: expected an address such as \"10.9.0.1\", found \"10.9.0\""),
      ("address", "10.8.0.1", "the switch's address 10.8.0.1 is not one of a card's in 10.9.0.0/24"),
      ("address", "10.9.0.2", "the address 10.9.0.2 is given to the switch and to db"),
      ("adress", "10.9.0.2", "adress: expected no such key, found \"10.9.0.2\""),
      ("queueBytes", 10, "queueBytes: 10 is not between 65600 and 67108864"),
      ("control", "/n/db.card", "/n/db.card is named twice"),
      ("ports", [["name": "db"]], "ports[0].mac: expected a value, found nothing"),
      ("name", 5, "name: expected a string, found 5"),
    ] as [(String, JSONValue, String)])
  func mistakes(key: String, value: JSONValue, words: String) throws {
    var json = Self.whole
    json[key] = value
    #expect(throws: SwitchDefinition.Invalid(description: words)) { try read(json) }
  }

  @Test("What is no JSON is told with its place")
  func syntax() {
    #expect(throws: SwitchDefinition.Invalid.self) { try SwitchDefinition(Array("{".utf8)) }
  }

  @Test(
    "The host's resolver is the first that is named",
    arguments: [
      ("# comment\nsearch x\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n", "192.0.2.1"),
      ("nameserver\t::1", "::1"), ("", "127.0.0.1"), ("nameserver\n", "127.0.0.1"),
    ])
  func resolver(text: String, server: String) {
    #expect(Resolver.server(in: text) == server)
  }
}
