internal import Host
internal import JSON

/// The records of jobs: STATE/jobs, a file each.
///
/// Any thread; it blocks.
struct JobFiles: Sendable {
  let folder: String

  /// Every record that can be read, in the order of their numbers, and a number that no job has had.
  ///
  /// What an earlier supervisor left half written is removed; a file that cannot be read is left alone.
  func load() throws(SystemError) -> (records: [JobRecord], next: Int) {
    guard FileSystem.isPresent(folder) else { return ([], 1) }
    var (records, highest) = ([JobRecord](), 0)
    for name in try FileSystem.names(in: folder) {
      let path = folder + "/" + name
      if FileSystem.isTemporary(path) {
        // Nothing rests on it; what cannot go now goes later.
        _ = try? FileSystem.remove(path)
        continue
      }
      if path == last {
        // Without it numbers begin behind the highest that is there.
        let bytes = (try? FileSystem.read(path)) ?? []
        highest = max(highest, Int(String(decoding: bytes, as: UTF8.self)) ?? 0)
        continue
      }
      guard name.hasSuffix(Self.suffix), let number = Int(name.dropLast(Self.suffix.count)) else { continue }
      highest = max(highest, number)
      do {
        records.append(
          try JobRecord(number: number, json: try JSONValue(parsing: try FileSystem.read(path))))
      } catch {
        Log.note("\(path) tells of no job: \(error)")
      }
    }
    return (records.sorted { $0.number < $1.number }, highest + 1)
  }

  /// Begins a record, durably, and never gives its number away again.
  func begin(_ record: JobRecord) throws(SystemError) {
    try FileSystem.makeDirectory(folder)
    try FileSystem.replace(last, with: Array(record.id.utf8), durable: false)
    try write(record)
  }

  /// Puts a record in the place of its earlier one, durably.
  func write(_ record: JobRecord) throws(SystemError) {
    try FileSystem.replace(
      path(of: record.number), with: JSONValue.object(record.json).bytes(), durable: true)
  }

  func remove(_ number: Int) throws(SystemError) { try FileSystem.remove(path(of: number)) }

  private static let suffix = ".json"
  private var last: String { folder + "/last" }
  private func path(of number: Int) -> String { "\(folder)/\(number)\(Self.suffix)" }
}
