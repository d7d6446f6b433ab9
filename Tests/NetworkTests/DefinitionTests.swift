import Testing

@testable import Network

@Suite("A network's definition") struct DefinitionTests {
  @Test(
    "Addresses, subnets and cards are read as they are written",
    arguments: ["10.9.0.1", "0.0.0.0", "255.255.255.255"])
  func addresses(text: String) {
    #expect(IPv4Address(text)?.description == text)
    #expect(IPv4Subnet("10.9.0.0/24")?.description == "10.9.0.0/24")
    #expect(MACAddress("52:54:00:aB:cd:0f")?.description == "52:54:00:ab:cd:0f")
  }

  @Test(
    "What is none is none",
    arguments: [
      "", "10.9.0", "10.9.0.1.2", "10.9.0.256", "10.9.0.01", "10.9.0.+1", "10.9.0.1 ", "10..0.1", "a.b.c.d",
    ])
  func noAddress(text: String) {
    #expect(IPv4Address(text) == nil)
  }

  @Test(
    "A subnet has no bits behind its prefix and room for two cards",
    arguments: ["10.9.0.0", "10.9.0.1/24", "10.9.0.0/31", "10.9.0.0/7", "10.9.0.0/024", "10.9.0.0/-1", "/24"])
  func noSubnet(text: String) {
    #expect(IPv4Subnet(text) == nil)
  }

  @Test(
    "No card",
    arguments: [
      "", "52:54:00:00:00", "52:54:00:00:00:0", "52:54:00:00:00:0g", "52-54-00-00-00-01", "52:54:00:00:00:+1",
    ])
  func noCard(text: String) {
    #expect(MACAddress(text) == nil)
  }

  private typealias Problem = NetworkDefinition.Problem

  private func problem(_ change: (inout NetworkDefinition) -> Void) -> Problem? {
    var definition = TestSwitch.definition
    change(&definition)
    do throws(Problem) {
      try definition.check()
      return nil
    } catch {
      return error
    }
  }

  @Test("Each mistake is told")
  func problems() {
    #expect(problem { _ in } == nil)
    #expect(
      problem { $0.address = ip("10.9.1.1") }
        == .switchAddressOutside(ip("10.9.1.1"), subnet("10.9.0.0/24")))
    #expect(
      problem { $0.ports[0].address = ip("10.9.0.255") }
        == .addressOutside(port: "db", ip("10.9.0.255"), subnet("10.9.0.0/24")))
    #expect(
      problem { $0.ports[1].address = ip("10.9.0.2") } == .addressTwice(ip("10.9.0.2"), "db", "web")
    )
    #expect(
      problem { $0.ports[1].address = ip("10.9.0.1") }
        == .addressTwice(ip("10.9.0.1"), "the switch", "web"))
    #expect(problem { $0.ports[1].mac = TestSwitch.db } == .macTwice(TestSwitch.db, "db", "web"))
    #expect(problem { $0.ports[1].mac = TestSwitch.ours } == .macTwice(TestSwitch.ours, "the switch", "web"))
    #expect(problem { $0.ports[1].mac = .broadcast } == .macOfSeveral(port: "web", .broadcast))
    #expect(problem { $0.ports[1].name = "DB" } == .nameTwice("DB"))
    #expect(problem { $0.ports[1].name = "a.b" } == .badName("a.b"))
    #expect(problem { $0.domain = "backend..shop" } == .badDomain("backend..shop"))
    #expect(problem { $0.ports[1].address = nil } == .noAddress(port: "web"))
    #expect(problem { $0.mtu = 100 } == .badMTU(100))
    #expect(problem { $0.broadcastsPerSecond = 0 } == .badRate(0))
  }
}
