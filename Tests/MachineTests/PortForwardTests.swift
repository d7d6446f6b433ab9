import Machine
import Testing

@Suite("Port forwards")
struct PortForwardTests {
  @Test(
    "A forward is read, and shown in full",
    arguments: [
      ("8080:80", "127.0.0.1:8080:80"), ("127.0.0.1:8080:80/tcp", "127.0.0.1:8080:80"),
      ("0:80", "127.0.0.1:0:80"), ("0.0.0.0:53:53/udp", "0.0.0.0:53:53/udp"),
      ("192.168.1.10:1:65535", "192.168.1.10:1:65535"),
      ("8080:10.0.2.20:80", "127.0.0.1:8080:10.0.2.20:80"),
      ("0.0.0.0:53:10.0.2.20:53/udp", "0.0.0.0:53:10.0.2.20:53/udp"),
    ])
  func reads(_ text: String, _ shown: String) throws {
    let port = try PortForward(parsing: text)
    #expect(port.description == shown)
    #expect(try PortForward(parsing: shown) == port)
  }

  @Test(
    "What is no forward is refused, and why",
    arguments: [
      ("", .badForm), ("80", .badForm), ("a:b:c:d", .badAddress("a")),
      ("1.2.3.4:1:2.3.4:1", .badAddress("2.3.4")), ("1:2:3:4:5", .badForm), ("00:80", .badPort("00")),
      ("80:0", .badPort("0")),
      ("70000:80", .badPort("70000")), ("-1:80", .badPort("-1")), (":80", .badPort("")),
      ("80:", .badPort("")),
      ("8080:http", .badPort("http")), ("080:80", .badPort("080")), ("80:80/sctp", .unknownTransport("sctp")),
      ("localhost:80:80", .badAddress("localhost")), ("1.2.3:80:80", .badAddress("1.2.3")),
      ("256.0.0.1:80:80", .badAddress("256.0.0.1")), ("010.0.0.1:80:80", .badAddress("010.0.0.1")),
      (":80:80", .badAddress("")), ("[::1]:8080:80", .ipv6), ("8080-:80,guestfwd=x:80", .badAddress("8080-")),
    ] as [(String, PortForward.ParseError)])
  func refuses(_ text: String, _ why: PortForward.ParseError) {
    #expect(throws: why) { try PortForward(parsing: text) }
  }

  @Test(
    "Two forwards collide when the host could not listen for both",
    arguments: [
      ("80:1", "80:2", true), ("80:1", "80:1/udp", false), ("80:1", "0.0.0.0:80:1", true),
      ("127.0.0.2:80:1", "127.0.0.1:80:1", false), ("80:1", "81:1", false),
      // Each takes a free one.
      ("0:1", "0:2", false), ("0:1", "0:1", true), ("0:1", "80:1", false),
    ])
  func collides(_ left: String, _ right: String, _ collides: Bool) throws {
    let (left, right) = (try PortForward(parsing: left), try PortForward(parsing: right))
    #expect(left.collides(with: right) == collides)
    #expect(right.collides(with: left) == collides)
  }
}
