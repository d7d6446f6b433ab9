internal import Host

extension Duration {
  /// For a sentence: `0.1 s`, `60 s`, `5 min`.
  var inWords: String {
    let milliseconds = (nanoseconds + 500_000) / 1_000_000
    switch milliseconds {
    case ..<1000 where milliseconds % 100 != 0: return "\(milliseconds) ms"
    case ..<10_000:
      let tenths = (milliseconds + 50) / 100
      return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    case 300_000... where milliseconds % 60_000 == 0: return "\(milliseconds / 60_000) min"
    default: return "\((milliseconds + 500) / 1000) s"
    }
  }
}
