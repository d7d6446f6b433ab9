internal import Dispatch
internal import Host
internal import Machine

// The logs of a VM's QEMU are kept below their sizes as long as it lives.
extension VirtualMachine {
  /// Keeps this life's logs as the definition says now.
  func keepLogs() {
    guard let run else { return }
    let pid = run.process.pid
    let (console, words) = (folder.consoleLog, folder.qemuLog)
    services.logs.keep(rotation(of: words), on: logLane, writer: writer(of: words, pid)) {
      [weak self] moved in
      guard let self else { return }
      executor.queue.async { self.assumeIsolated { $0.qemuLogMoved(by: moved, in: pid) } }
    }
    guard run.serialPorts > 0 else { return }
    for port in 2..<run.serialPorts + 1 {
      let log = folder.serialLog(port)
      services.logs.keep(rotation(of: log), on: logLane, writer: writer(of: log, pid))
    }
    services.logs.keep(rotation(of: console), on: logLane, writer: writer(of: console, pid)) {
      [weak self] moved in
      guard let self else { return }
      executor.queue.async { self.assumeIsolated { $0.consoleLogMoved(by: moved, in: pid) } }
    }
  }

  private func writer(of log: String, _ pid: Int32) -> RotatedLogs.Writer {
    RotatedLogs.Writer(pid: pid) { [weak self] in
      guard let self else { return }
      executor.queue.async { self.assumeIsolated { $0.logWasRemoved(log, in: pid) } }
    }
  }

  private func logWasRemoved(_ log: String, in pid: Int32) {
    guard run?.process.pid == pid else { return }
    tell(
      """
      \(log) was removed, and QEMU goes on writing to the removed file: what it writes is kept below the log's size, \
      and shows only once it has become an old log; the next start begins a new one
      """)
  }

  func releaseLogs() {
    let serialLogs = (1...Launch.serialPorts.count).map(folder.serialLog)
    for log in [folder.qemuLog] + serialLogs { services.logs.release(log) }
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
