internal import CLinux
internal import Glibc
internal import Host
internal import Machine
internal import QMP

// The key `cpuPinning`: the threads of the vCPUs on CPUs of the host's.
extension VirtualMachine {
  /// Binds the vCPUs as the guest was started to have them, then goes on.
  ///
  /// Before the guest's first instruction, and again after a supervisor that may have died on the way.
  func pinCPUs(of run: Run, _ connection: QMPConnection, then goOn: @escaping @Sendable () -> Void) {
    guard let sets = run.machine.flatMap(CPUPinning.sets), !sets.isEmpty else { return goOn() }
    let pid = run.process.pid
    connection.assumeIsolated {
      // Without a deadline, as all that a start waits for: the lifecycle bounds it.
      $0.send(QueryCPUsFast(), deadline: .seconds(365 * 86400)) { [weak self] result in
        self?.assumeIsolated { vm in
          guard let run = vm.run, run.process.pid == pid, run.exitStatus == nil else { return }
          vm.pin(result, sets, run.process)
          goOn()
        }
      }
    }
  }

  private func pin(
    _ result: Result<QueryCPUsFast.Reply, QMPError>, _ sets: [CPUSet], _ process: ChildProcess
  ) {
    let cpus: [QueryCPUsFast.VirtualCPU]
    switch result {
    case .success(let reply): cpus = reply
    // The connection has ended, and with the next one it is asked again.
    case .failure(let error):
      if case .execution = error { tell("its CPUs are not pinned: \(error)") }
      return
    }
    for cpu in cpus where sets.indices.contains(cpu.index) {
      // As long as QEMU lives, which its pidfd tells, the number is no other thread's.
      guard !process.hasExited else { return }
      let set = sets[cpu.index]
      var mask = [UInt8](repeating: 0, count: CPUSet.most / 8)
      for number in set.numbers { mask[number / 8] |= 1 << UInt8(number % 8) }
      guard linux_pin_thread(Int32(clamping: cpu.threadID), mask, UInt(mask.count)) != 0 else { continue }
      let error = SystemError("sched_setaffinity", "thread \(cpu.threadID)")
      tell("its CPU \(cpu.index) is not pinned to \(set): \(error.reason)")
    }
  }
}
