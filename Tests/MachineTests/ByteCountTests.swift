import Machine
import Testing

@Suite("Sizes")
struct ByteCountTests {
  @Test(
    "A size is read exactly",
    arguments: [
      ("512M", 536_870_912), ("512MiB", 536_870_912), ("512m", 536_870_912), ("2G", 2_147_483_648),
      ("1.5GiB", 1_610_612_736), ("0.5K", 512), ("1T", 1_099_511_627_776), ("7B", 7), ("0M", 0),
      ("1.0000000000K", 1024), ("8388607T", 9_223_370_937_343_148_032),
    ] as [(String, UInt64)])
  func reads(_ text: String, _ bytes: UInt64) throws {
    #expect(try ByteCount(parsing: text) == ByteCount(bytes: bytes))
  }

  @Test(
    "What is no size is refused, and why",
    arguments: [
      ("", .notANumber), ("M", .notANumber), ("-1M", .notANumber), ("+1M", .notANumber), (".5G", .notANumber),
      ("1.G", .notANumber), ("1e3M", .unknownUnit("e3M")), ("512", .unitMissing),
      ("512MB", .unknownUnit("MB")),
      ("1 G", .unknownUnit(" G")), ("1GG", .unknownUnit("GG")), ("0.3G", .notWhole), ("0.5B", .notWhole),
      ("8388608T", .tooLarge), ("18446744073709551615T", .tooLarge), ("18446744073709551616B", .notANumber),
      ("1.00000000000000000000000000K", .notANumber), ("١M", .notANumber),
    ] as [(String, ByteCount.ParseError)])
  func refuses(_ text: String, _ why: ByteCount.ParseError) {
    #expect(throws: why) { try ByteCount(parsing: text) }
  }

  @Test(
    "A size is shown in its largest whole unit and reads back",
    arguments: [
      (0, "0B"), (1, "1B"), (1024, "1K"), (1536, "1536B"), (1_610_612_736, "1536M"), (2_147_483_648, "2G"),
      (1_099_511_627_776, "1T"),
    ] as [(UInt64, String)])
  func shows(_ bytes: UInt64, _ text: String) throws {
    #expect(ByteCount(bytes: bytes).description == text)
    #expect(try ByteCount(parsing: text).bytes == bytes)
  }

  @Test("A product that no size holds is none")
  func multiplies() {
    #expect(ByteCount.mebibytes(512).multiplied(by: 3) == .mebibytes(1536))
    #expect(ByteCount(bytes: 1 << 62).multiplied(by: 2) == nil)
    #expect(ByteCount(bytes: .max).multiplied(by: .max) == nil)
  }
}
