import JSON
import Machine
import Network
import Testing

@testable import Supervisor

@Suite("The addresses of a lab's network")
struct NetworkAddressTests {
  private static func setting(_ subnet: String?) throws -> NetworkSetting {
    var setting = NetworkSetting()
    setting.subnet = try subnet.map { try #require(IPv4Subnet($0)) }
    return setting
  }

  private static func decide(
    _ cards: [(String, String?)], _ subnet: String? = "10.9.0.0/29", before: NetworkAddresses? = nil,
    others: [String] = []
  ) throws -> NetworkAddresses {
    try NetworkAddresses(
      of: "backend", in: "shop", try setting(subnet),
      cards: cards.map { NetworkAddresses.Card(vm: $0.0, address: $0.1.flatMap { IPv4Address($0) }) },
      before: before, others: others.compactMap { IPv4Subnet($0) })
  }

  private static func words(_ addresses: NetworkAddresses) -> [String] {
    addresses.vms.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
  }

  @Test("are the definition's, then those from before, then the lowest that are free behind the switch's")
  func order() throws {
    let first = try Self.decide([("web", nil), ("db", "10.9.0.3"), ("mail", nil)])
    #expect(Self.words(first) == ["db 10.9.0.3", "mail 10.9.0.4", "web 10.9.0.2"])
    // A list that is reordered, with one more in front and one less.
    let second = try Self.decide([("new", nil), ("mail", nil), ("web", nil)], before: first)
    #expect(Self.words(second) == ["mail 10.9.0.4", "new 10.9.0.3", "web 10.9.0.2"])
    // What the definition gives to one is taken from the other.
    let third = try Self.decide([("db", "10.9.0.2"), ("web", nil)], before: second)
    #expect(Self.words(third) == ["db 10.9.0.2", "web 10.9.0.3"])
    #expect(NetworkAddresses(json: third.json) == third)
  }

  @Test("end where the subnet does")
  func full() throws {
    let five = (1...5).map { ("vm\($0)", nil as String?) }
    #expect(try Self.decide(five).vms.count == 5)
    #expect(throws: NetworkAddresses.Full.self) { try Self.decide(five + [("one-more", nil)]) }
  }

  @Test("A subnet that is not written is always the same, lies beside the lab's others, and is kept")
  func chosen() throws {
    let first = try Self.decide([("web", nil)], nil)
    #expect(try Self.decide([("web", nil)], nil).subnet == first.subnet)
    #expect(first.subnet.prefixLength == 24)
    #expect(try #require(IPv4Subnet("10.64.0.0/10")).contains(first.subnet.base))
    let other = try Self.decide([("web", nil)], nil, others: ["\(first.subnet)"])
    #expect(other.subnet != first.subnet)
    #expect(try Self.decide([("web", nil)], nil, before: other).subnet == other.subnet)
    // One that is written into its place makes it move.
    #expect(
      try Self.decide([("web", nil)], nil, before: other, others: ["\(other.subnet)"]).subnet == first.subnet)
  }
}
