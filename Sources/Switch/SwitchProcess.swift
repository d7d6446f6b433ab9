internal import Glibc
package import Host

/// The switch of one network as a process: it ends by a signal, and its end harms nobody.
///
/// Its sockets have no connection: QEMUs that run when it dies go on with the next one at the same paths. It holds
/// nothing that is not in its definition, or learned again with the next frames.
package enum SwitchProcess {
  /// Why there is no switch, for a person.
  package enum Failure: Error, CustomStringConvertible {
    case invalid(SwitchDefinition.Invalid)
    case system(SystemError)

    package var description: String {
      switch self {
      case .invalid(let reason): "\(reason)"
      case .system(let error): "the switch cannot run: \(error)"
      }
    }
  }

  /// Runs the switch of a definition's file, which may be a pipe, until SIGTERM, SIGINT or SIGHUP.
  ///
  /// Says `ok` to the descriptor as soon as it takes frames, or `error: ` and why not.
  package static func run(
    definition path: String, readyDescriptor: consuming FileDescriptor?
  ) throws(Failure) {
    umask(0o077)
    signal(SIGPIPE, SIG_IGN)
    let loop: SwitchLoop
    do throws(Failure) {
      loop = try start(path)
    } catch {
      say("error: \(error)\n", to: readyDescriptor)
      throw error
    }
    say("ok\n", to: readyDescriptor)
    do throws(SystemError) {
      try loop.forward()
    } catch {
      throw .system(error)
    }
  }

  private static func start(_ path: String) throws(Failure) -> SwitchLoop {
    raiseDescriptorLimit()
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try FileSystem.read(path, limit: 1 << 20, waits: true)
    } catch {
      throw .system(error)
    }
    let definition: SwitchDefinition
    do throws(SwitchDefinition.Invalid) {
      definition = try SwitchDefinition(bytes)
    } catch {
      throw .invalid(error)
    }
    do throws(SystemError) {
      return try SwitchLoop(definition)
    } catch {
      throw .system(error)
    }
  }

  /// A port takes one descriptor.
  private static func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  private static func say(_ words: String, to descriptor: consuming FileDescriptor?) {
    guard let descriptor else { return }
    // Who wanted to know is gone.
    try? descriptor.write(Array(words.utf8))
  }
}
