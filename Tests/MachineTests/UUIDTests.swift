import Machine
import Testing

@Suite("UUIDs")
struct UUIDTests {
  @Test("A UUID is shown and read in its usual form")
  func text() {
    #expect(Example.uuid.description == "01234567-89ab-4cde-8f01-23456789abcd")
    #expect(UUID("01234567-89AB-4cde-8f01-23456789abcd") == Example.uuid)
    #expect(UUID(high: 0, low: 1).description == "00000000-0000-0000-0000-000000000001")
  }

  @Test(
    "What is no UUID is none",
    arguments: [
      "", "01234567", "0123456789ab4cde8f0123456789abcd", "01234567-89ab-4cde-8f01-23456789abcg",
      "+1234567-89ab-4cde-8f01-23456789abcd", "01234567-89ab-4cde-8f01-23456789abcd-",
    ])
  func refuses(_ text: String) {
    #expect(UUID(text) == nil)
  }

  @Test("A random UUID says that it is one")
  func random() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<100 {
      let fields = UUID.random(using: &generator).description.split(separator: "-")
      #expect(fields[2].first == "4")
      #expect("89ab".contains(fields[3].first ?? "-"))
    }
  }
}
