internal import Dispatch
internal import Host
internal import Machine

// The logs of a VM's QEMU are kept below their sizes as long as it lives.
extension VirtualMachine {
  /// Keeps this life's logs as the definition says now.
  func keepLogs() {
    guard let run else { return }
    let pid = run.process.pid
    surroundings.logs.keep(rotation(of: folder.qemuLog)) { [weak self] moved in
      guard let self else { return }
      executor.queue.async { self.assumeIsolated { $0.qemuLogMoved(by: moved, in: pid) } }
    }
    guard run.serialPorts > 0 else { return }
    for port in 2..<run.serialPorts + 1 { surroundings.logs.keep(rotation(of: folder.serialLog(port))) }
    surroundings.logs.keep(rotation(of: folder.consoleLog)) { [weak self] moved in
      guard let self else { return }
      executor.queue.async { self.assumeIsolated { $0.consoleLogMoved(by: moved, in: pid) } }
    }
  }

  func releaseLogs() {
    let serialLogs = (1...Launch.serialPorts.count).map(folder.serialLog)
    for log in [folder.qemuLog] + serialLogs { surroundings.logs.release(log) }
  }

  private func rotation(of log: String) -> LogRotation {
    let limits = record?.flat.logLimits ?? LogLimits()
    return LogRotation(log, sizeLimit: Int64(limits.maxSize.bytes), keptCount: limits.keep)
  }

  /// This life's words stand further in front by now, or have become an old log's in part.
  private func qemuLogMoved(by bytes: Int64, in pid: Int32) {
    guard let run, run.process.pid == pid else { return }
    run.logStart = max(0, run.logStart - bytes)
  }

  private func consoleLogMoved(by bytes: Int64, in pid: Int32) {
    guard let run, run.process.pid == pid else { return }
    run.consoleStart = max(0, run.consoleStart - bytes)
    run.consoleReader?.shift(by: bytes)
    // The next supervisor reads from there.
    save()
  }
}
