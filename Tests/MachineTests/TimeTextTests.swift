import Machine
import Testing

@Suite("Durations")
struct TimeTextTests {
  @Test(
    "A duration is read exactly",
    arguments: [
      ("250ms", .milliseconds(250)), ("10s", .seconds(10)), ("2m", .seconds(120)), ("1h", .seconds(3600)),
      ("1.5s", .milliseconds(1500)), ("0s", .zero), ("0.001s", .milliseconds(1)),
      ("8760h", .seconds(31_536_000)),
    ] as [(String, Duration)])
  func reads(_ text: String, _ duration: Duration) throws {
    #expect(try TimeText.duration(text) == duration)
  }

  @Test(
    "What is no duration is refused, and why",
    arguments: [
      ("", .notANumber), ("-1s", .notANumber), ("10", .unitMissing), ("10 s", .unknownUnit(" s")),
      ("10S", .unknownUnit("S")), ("1m30s", .unknownUnit("m30s")), ("0.5ms", .notWhole), ("8761h", .tooLong),
      ("18446744073709551615h", .tooLong), ("99999999999999999999s", .notANumber),
    ] as [(String, TimeText.ParseError)])
  func refuses(_ text: String, _ why: TimeText.ParseError) {
    #expect(throws: why) { try TimeText.duration(text) }
  }

  @Test(
    "A duration is shown in its largest whole unit and reads back",
    arguments: [
      (.zero, "0s"), (.milliseconds(1), "1ms"), (.milliseconds(1500), "1500ms"), (.seconds(90), "90s"),
      (.seconds(120), "2m"), (.seconds(7200), "2h"),
    ] as [(Duration, String)])
  func shows(_ duration: Duration, _ text: String) throws {
    #expect(TimeText.text(duration) == text)
    #expect(try TimeText.duration(text) == duration)
  }
}
