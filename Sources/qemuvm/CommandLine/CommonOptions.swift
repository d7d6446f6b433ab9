internal import Machine

/// The options that several verbs share, each declared once.
enum CommonOptions {
  static let help = Flag("help", short: "h", help: "Show this help.")
  static let host = ValueOption(
    "host", "URL", .farHost,
    help: "The host whose VMs are meant, as ssh://user@box; QEMUVM_HOST is the same.")
  static let json = Flag("json", help: "Print JSON, for programs.")
  static let file = ListOption(
    "file", "F", .text,
    help:
      "The lab file (default: qemuvm.json5 here, or in the nearest folder above). A later one lies over it.",
    completion: .files)
  static let timeout = ValueOption(
    "timeout", "T", .duration, help: "Wait at most this long, as 10s or 2m; exit 4 when it passes.")
  static let stopTimeout = ValueOption(
    "stop-timeout", "T", .duration,
    help: "How long the guest may take to power off before qemuvm ends it (default: the VM's own, 60s).")
  static let wait = ValueOption(
    "wait", "STATE", .word(["running", "healthy"]),
    help: "What to wait for: running (default), or healthy where the VM has the key health.")
  static let all = Flag("all", help: "All VMs that are known, of every lab and of none.")
  static let disks = Flag("disks", help: "Delete the disks that qemuvm made for the VM, too.")
}
