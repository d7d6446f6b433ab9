internal import Host
internal import Machine
internal import QMP

/// One life of a VM's QEMU: the process and what is connected to it.
///
/// Owned by the VM's actor and bound to its queue.
final class Run {
  /// QEMU; of a wrapper that starts QEMU as its child, the wrapper as long as it lives.
  var process: ChildProcess

  /// The UUID that it was started with; nil when that could not be read back after an adoption.
  let uuid: UUID?

  /// The machine that it was started as, and has become since; nil when that could not be read back after an adoption.
  var machine: MachineDescription?

  /// The definition that this machine is of; nil after an adoption, and while a part of it waits for the next start.
  var record: VMRecord?

  /// Whether an earlier supervisor died while it changed the machine.
  var wasChanging = false

  /// Where this life's words begin in QEMU's log, in bytes; rotation moves it.
  var logStart: Int64

  /// Where in the console's log the guest's last boot begins, in bytes.
  var consoleStart: Int64

  /// The wish that was kept with this life before it was taken over; nil where it was not.
  var keptWish: Int?

  /// How often the console's present end was asked for since it was last looked at.
  var consoleEndsWanted = 0

  /// Follows the console until it shows that the guest is ready.
  var consoleReader: ConsoleReader?

  /// The probe of the guest itself that is under way.
  var portProbe: PortProbe?

  /// `kvm` or `tcg`: as QEMU says, and until it has said so, as it was told.
  var accelerator: String?

  /// By which its monitor is reached: the place that it holds, whatever has become of the path.
  var monitorPath: String?
  var connection: QMPConnection?

  /// Whether a connection is being made.
  var isConnecting = false

  /// Whether the connection has been negotiated.
  var hasNegotiated = false

  /// How the connection before this one was lost, until this one has shown that QEMU goes on.
  var lostConnection: QMPDisconnection?

  /// How long to wait before a connection is tried again for which there was no room.
  var connectDelay = Duration.milliseconds(100)

  /// How many connections in a row ended before QEMU had answered.
  var failedConnections = 0

  /// Our end of the monitor's listening socket, until QEMU's backlog is set.
  var listener: FileDescriptor?

  /// The serial ports that are offered to users, by their number from 1, which is the console.
  var consoles: [Int: ConsoleRelay] = [:]

  /// How long to wait before the sockets for users are offered again where that has failed.
  var offerPause = VirtualMachine.pause

  /// Whether they are being offered, and whether they are to be offered anew then.
  var socketOffer = Question.none

  /// Tell when a socket for users loses its path.
  var socketWatches: [FileWatch.Token] = []
  var exitWatch: ExitWatch?

  /// How the process ended, while its last events are still being read.
  var exitStatus: ExitStatus?

  /// Whether QEMU was asked how the guest is and has not answered, and whether it is to be asked again then.
  var runStateQuestion = Question.none

  enum Question { case none, asked, again }

  /// Connections that are made at once where one was lost; later ones wait.
  var reconnections = TokenBucket(capacity: 16, gap: .seconds(5), now: .now)

  /// The program, for a person; nil where its command line could not be read.
  var program: String?

  /// Its options `-blockdev`, which tell where its disks lie; one that starts QEMU as its child has been given the same.
  var diskOptions: [String] = []

  static func diskOptions(among words: [String]) -> [String] {
    zip(words, words.dropFirst()).filter { $0.0 == "-blockdev" }.map(\.1)
  }

  /// Whether it is known to be the VM's QEMU: started here, or it has said so itself.
  var isProven = false

  /// What it has said before that.
  var unproven = UnprovenEvents()

  /// What its guest was asked to let go of.
  var unplug: AwaitedUnplug?

  /// Whether its last words are being read.
  var isConcluding = false

  init(
    process: ChildProcess, uuid: UUID?, machine: MachineDescription?, logStart: Int64, consoleStart: Int64
  ) {
    self.consoleStart = consoleStart
    self.uuid = uuid
    self.process = process
    self.machine = machine
    self.logStart = logStart
    accelerator = machine?.accelerator?.rawValue
  }

  /// How many serial ports it was started with; the kept description may be lost, and a console is what almost all have.
  var serialPorts: Int { machine?.serialPorts ?? 1 }

  /// Ends what is connected to its serial ports.
  func closeConsoles() {
    for console in consoles.values { console.close() }
  }
}
