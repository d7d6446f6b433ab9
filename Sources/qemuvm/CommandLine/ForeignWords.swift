/// Verbs and options of virsh, docker, vagrant and multipass that hands know, and what they are here.
enum ForeignWords {
  /// What to write instead of a verb; nil for one that is not known.
  static func hint(forVerb verb: String) -> String? {
    verbs[verb].map { "Here that is \($0)." }
  }

  /// What to write instead of an option.
  static func hint(forOption option: String, of verb: String) -> String? {
    options["\(verb) \(option)"]
  }

  private static let verbs: [String: String] = {
    let ours: [(String, [String])] = [
      ("'qemuvm ls'", ["list", "ps"]),
      ("'qemuvm stop VM'", ["shutdown", "poweroff", "halt", "off"]),
      ("'qemuvm kill VM', or 'qemuvm down VM' to take it off the list", ["destroy"]),
      (
        "'qemuvm rm VM' for one that is stopped, 'qemuvm down VM' for one that runs",
        [
          "delete", "remove", "undefine",
        ]
      ),
      ("'qemuvm restart VM'", ["reboot"]), ("'qemuvm pause VM'", ["suspend", "freeze"]),
      ("'qemuvm unpause VM'", ["resume", "continue", "thaw"]),
      ("'qemuvm status VM'", ["info", "inspect", "show", "dominfo", "describe"]),
      ("'qemuvm console VM'", ["attach", "vncviewer"]),
      ("'qemuvm ssh VM', or 'qemuvm console VM' where there is no ssh", ["exec", "shell", "login"]),
      ("'qemuvm qmp VM COMMAND'", ["monitor", "qemu-monitor-command", "hmp"]),
      ("'qemuvm up --profile PROFILE'", ["launch", "new"]),
      ("'qemuvm create'", ["define", "import", "add"]),
      (
        "'qemuvm update VM', or the lab file and 'qemuvm up'",
        ["edit", "set", "modify", "setmem", "setvcpus"]
      ),
      ("'qemuvm logs VM'", ["log", "journal"]),
      ("'qemuvm args VM'", ["domxml-to-native", "cmdline", "command"]),
      ("'qemuvm stats VM'", ["usage", "domstats", "virt-top"]),
      ("'qemuvm image ls'", ["images"]), ("'qemuvm image rm NAME'", ["rmi"]),
      (
        "the key restart, and a supervisor that the host starts: 'qemuvm supervisor run'",
        ["autostart", "enable"]
      ),
      ("'qemuvm up'", ["apply", "deploy", "provision", "compose"]),
      ("'qemuvm why VM'", ["explain", "diagnose"]), ("'qemuvm validate'", ["check", "config", "lint"]),
    ]
    return Dictionary(ours.flatMap { hint, words in words.map { ($0, hint) } }) { first, _ in first }
  }()

  private static let options: [String: String] = {
    let force = "'qemuvm down VM' stops it first; 'qemuvm kill VM' ends it at once."
    let time = "--stop-timeout T is how long the guest may take, as 10s."
    return [
      "rm -f": force, "rm --force": force, "stop -f": "'qemuvm kill VM' ends it at once.",
      "stop --force": "'qemuvm kill VM' ends it at once.",
      "down -v": "--disks deletes the disks that qemuvm made.",
      "down --volumes": "--disks deletes the disks that qemuvm made.", "stop -t": time, "stop --time": time,
      "down -t": time, "restart -t": time, "up -d": "VMs always run in the background; leave it out.",
      "up --detach": "VMs always run in the background; leave it out.",
      "ls -a": "'qemuvm ls' always lists all.", "ls --all": "'qemuvm ls' always lists all.",
      "ps -a": "'qemuvm ls' lists all.",
    ]
  }()
}
