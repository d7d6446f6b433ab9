internal import Control
internal import JSON

// How an end that is under way is kept for the next supervisor.
extension Ending {
  var json: JSONObject {
    var object: JSONObject = ["kind": .string(EndingKind(self).rawValue)]
    switch self {
    case .watchdog(let words), .hung(let words), .endedFromOutside(let words), .refused(let words),
      .helperEnded(let words):
      object["words"] = .string(words)
    case .bootLoop(let number), .monitorTimedOut(let number):
      object["number"] = JSONValue(number)
    case .wished, .killed, .poweredOff, .resetItself, .panicked, .internalError: break
    case .forbidden, .died, .vanished, .hostRebooted, .cutOff: break
    }
    return object
  }

  /// Nil for what is known only when QEMU is gone, and for what another version has written.
  init?(json: JSONObject) {
    let words = json["words"]?.string ?? ""
    let number = json["number"]?.int ?? 0
    switch json["kind"]?.string.flatMap(EndingKind.init(rawValue:)) {
    case .stopped: self = .wished
    case .killed: self = .killed
    case .poweredOff: self = .poweredOff
    case .resetItself: self = .resetItself
    case .panicked: self = .panicked
    case .watchdog: self = .watchdog(words)
    case .hung: self = .hung(words)
    case .bootLoop: self = .bootLoop(number)
    case .internalError: self = .internalError
    case .endedFromOutside: self = .endedFromOutside(words)
    case .refused: self = .refused(words)
    case .helperEnded: self = .helperEnded(words)
    case .monitorTimedOut: self = .monitorTimedOut(number)
    case .died, .vanished, .hostRebooted, .cutOff, nil: return nil
    }
  }
}
