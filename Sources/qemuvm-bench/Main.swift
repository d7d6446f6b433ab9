internal import Dispatch
internal import Glibc
internal import Host

/// The program: takes each measurement and prints a line a figure as soon as it is known.
///
/// It is no gate: figures are noisy, so a missed limit is told and does not fail. The exit code is 1 when a measurement
/// could not be taken.
@main struct Benchmark {
  /// How long the whole may take, in seconds; then it cleans up and fails.
  private static let longest = 1200

  static func main() async {
    do {
      let options = try Options(Array(CommandLine.arguments.dropFirst()), known: Measurement.all.map(\.name))
      if options.wantsHelp { return say(help) }
      let workshop = try Workshop(program: try program())
      let watchdog = Watchdog(workshop, seconds: longest)
      let isComplete = await run(options, workshop)
      watchdog.cancel()
      try workshop.remove()
      exit(isComplete ? 0 : 1)
    } catch let error as Options.Invalid {
      complain("\(error)\n  --help tells what there is.")
      exit(2)
    } catch {
      complain("\(error)")
      exit(1)
    }
  }

  private static func run(_ options: Options, _ workshop: Workshop) async -> Bool {
    var isComplete = true
    say(TableLine.heading.text)
    for measurement in Measurement.all where options.only == nil || options.only == measurement.name {
      do {
        for figure in try await measurement.figures(workshop, options) {
          say(TableLine(figure, showsLibvirt: Libvirt.shared != nil).text)
        }
      } catch {
        isComplete = false
        complain("\(measurement.name): not measured: \(error)")
      }
      do {
        try workshop.empty()
      } catch {
        isComplete = false
        complain("\(measurement.name): what it started could not be ended: \(error)")
      }
    }
    return isComplete
  }

  /// The release build beside this program, or the one that QEMUVM_BINARY names.
  private static func program() throws -> String {
    let named = getenv("QEMUVM_BINARY").map { String(cString: $0) }
    let ours = FileSystem.linkTarget("/proc/self/exe") ?? ""
    let path = FileSystem.absolute(
      named ?? FileSystem.parent(of: ours) + "/qemuvm", in: FileSystem.currentDirectory)
    let build = "swift build -c release --static-swift-stdlib --product qemuvm"
    guard access(path, X_OK) == 0 else {
      throw MeasurementFailure("there is no program at \(path)\n  Build it first: \(build)")
    }
    // The name of a shared library in the program is the one that its loader looks for.
    if try FileSystem.read(path).contains("libswiftCore.so") {
      complain(
        "\(path) needs the toolchain's libraries, which starts slower\n  Build it as it ships: \(build)")
    }
    return path
  }

  private static var help: String {
    let names = Measurement.all.map { "  \($0.name)".padded(to: 10) + "  \($0.summary)\n" }.joined()
    return """
      qemuvm-bench [--quick] [--only NAME]
      What qemuvm costs over QEMU itself, each figure beside its floor in one run.

      \(names)
      """
  }

  private static func say(_ text: String) {
    // Nobody is left to tell when the output is closed.
    _ = Array(text.utf8).withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
  }

  private static func complain(_ text: String) {
    _ = Array("qemuvm-bench: \(text)\n".utf8).withUnsafeBytes {
      write(STDERR_FILENO, $0.baseAddress, $0.count)
    }
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
