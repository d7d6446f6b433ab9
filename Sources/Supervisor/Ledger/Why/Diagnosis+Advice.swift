internal import Control
internal import Host
internal import JSON
internal import Machine

// What to do next, by cause: commands that can be pasted, the likeliest first.
extension Diagnosis {
  /// Sentences for a person; empty when there is nothing to do.
  var advice: [String] {
    guard let report else {
      let up = name.lab == nil ? "qemuvm up --profile PROFILE --name \(name.name)" : "qemuvm up"
      return ["'\(up)' brings it back, with the disks that qemuvm made for it unless '--disks' was given."]
    }
    switch report.state {
    case .paused: return adviceForPause
    case .waiting: return ["It starts by itself then; 'qemuvm start --now \(name)' starts it at once."]
    case .starting, .stopping: return ["'qemuvm logs \(name) --qemu' shows what QEMU says meanwhile."]
    case .running where report.health == .unhealthy: return adviceForSickness
    case .running: return restarts > 0 || ending == .cutOff ? adviceForEnding : []
    case .backoff: return adviceForEnding
    case .failed:
      return adviceForEnding + ["'qemuvm start \(name)' tries again, and counts failures anew."]
    case .stopped: return (lastRefusal?.advice ?? adviceForEnding) + ["'qemuvm start \(name)' starts it."]
    }
  }

  private var adviceForSickness: [String] {
    let stopped = report?.isProcessStopped == true ? report?.pid : nil
    return (stopped.map { ["'kill -CONT \($0)' lets QEMU go on."] } ?? []) + [
      "'qemuvm logs \(name) --tail 50' shows the guest's last words on its console.",
      "'qemuvm restart \(name)' starts it anew, 'qemuvm kill \(name)' ends it at once.",
    ]
  }

  private var adviceForPause: [String] {
    let goOn = "'qemuvm unpause \(name)' lets it go on at once."
    switch lastState?.pause {
    case .noSpace:
      let place = failedImage.map { FileSystem.parent(of: $0) }
      let look = place.map { " on the file system of \($0) ('df -h \($0)')" } ?? " where its disks lie"
      return ["Make room\(look): then it goes on by itself.", goOn]
    case .ioError:
      let image = failedImage.map { " of \($0)" } ?? ""
      return ["Look at the storage\(image): 'dmesg' has the host's own words.", goOn]
    case .kept:
      return [
        "It is kept as it is, to be looked at: 'qemuvm logs \(name) --tail 50', 'qemuvm qmp \(name) query-status'.",
        "'qemuvm restart \(name)' starts it anew.",
      ]
    case .user, .other, nil:
      return [goOn]
    }
  }

  /// The image that a disk's error was about.
  private var failedImage: String? {
    guard case .qmp(_, let data, _) = lastEvent("BLOCK_IO_ERROR")?.event else { return nil }
    return data["file"]?.string
  }

  private var adviceForEnding: [String] {
    let words = "'qemuvm logs \(name) --qemu' shows all that QEMU said."
    let console = "'qemuvm logs \(name) --tail 50' shows the guest's last words on its console."
    switch ending {
    case .refused:
      if let lastRefusal { return lastRefusal.advice }
      return hintOfExit + [
        "'qemuvm args \(name)' shows QEMU's exact command line.", words,
      ]
    case .died: return adviceForDeath(words)
    case .panicked, .resetItself: return [console]
    case .bootLoop:
      return [
        "Its disk, kernel or firmware may be the wrong one: 'qemuvm args \(name)' shows them.", console,
      ]
    case .hung:
      return [
        "If nobody stopped QEMU with SIGSTOP, the host's storage may hang, or QEMU itself: see 'dmesg'.",
        console, words,
      ]
    case .watchdog: return ["The guest hung, and its watchdog fired.", console]
    case .internalError:
      return ["'dmesg' has KVM's own words.", "With accelerator \"tcg\" it runs without KVM, slowly.", words]
    case .endedFromOutside:
      return ["Somebody else ended QEMU; its log names the process that sent a signal.", words]
    case .monitorTimedOut:
      return ["The host may be short of memory or its storage may hang: see 'dmesg'.", words]
    case .helperEnded:
      return [
        "'qemuvm status \(name)' names the log of each of its helpers, which has that one's last words.",
        words,
      ]
    case .vanished:
      return [
        "Nothing was there to see its end: 'journalctl' and 'dmesg' have the host's side of it.", words,
      ]
    case .poweredOff where state == .stopped:
      return ["With the restart policy \"always\" qemuvm starts it again when its guest powers itself off."]
    case .cutOff:
      return ["'qemuvm generate systemd' has units that let guests power off before the host does."]
    case .poweredOff, .stopped, .killed, .hostRebooted, nil: return []
    }
  }

  /// What the last QEMU's end is about, where its own words or its signal tell.
  private var hintOfExit: [String] {
    if lastExit?.status == .signal(Signal.forbiddenCall), ending == .refused {
      return [
        "The key is arguments: make a tap beforehand ('ip tuntap add') and give it with script=no,downscript=no."
      ]
    }
    return lastExit?.refusal.map { [$0.hint] } ?? []
  }

  private func adviceForDeath(_ words: String) -> [String] {
    switch lastExit?.status {
    case .signal(Signal.kill):
      guard let kills = lastExit?.oomKills else {
        return ["If the host ran out of memory, 'dmesg' says \"Killed process\".", words]
      }
      if kills > 0 {
        return [
          "'dmesg' says \"Killed process\" with the numbers; give the VM less memory, or the host more.",
          words,
        ]
      }
      return [
        "The kernel has killed nothing for want of memory, so a person or a program sent the signal.", words,
      ]
    case .signal(let number):
      let name = Signal.name(number)
      if name == "SIGSYS" { return ["QEMU made a system call that its sandbox forbids.", words] }
      if !hintOfExit.isEmpty { return hintOfExit + [words] }
      return ["\(name) points to a fault in QEMU itself: 'coredumpctl list' may have it.", words]
    case .code, .unknown, nil:
      return [words]
    }
  }
}
