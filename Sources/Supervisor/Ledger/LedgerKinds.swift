internal import Control

// The words of the ledger for what a life is made of.
extension PauseKind {
  init(_ reason: PauseReason) {
    self =
      switch reason {
      case .user: .user
      case .ioError: .ioError
      case .noSpace: .noSpace
      case .keptAfterPanic, .keptByWatchdog: .kept
      case .other: .other
      }
  }
}

extension EndingKind {
  init(_ ending: Ending) {
    self =
      switch ending {
      case .wished: .stopped
      case .killed: .killed
      case .poweredOff: .poweredOff
      case .resetItself: .resetItself
      case .panicked: .panicked
      case .watchdog: .watchdog
      case .hung: .hung
      case .bootLoop: .bootLoop
      case .internalError: .internalError
      case .endedFromOutside: .endedFromOutside
      case .died: .died
      case .refused, .forbidden: .refused
      case .monitorTimedOut: .monitorTimedOut
      case .helperEnded: .helperEnded
      case .vanished: .vanished
      case .hostRebooted: .hostRebooted
      case .cutOff: .cutOff
      }
  }
}
