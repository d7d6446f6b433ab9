package import JSON

/// Where a value was written: a file as the user knows it, and the place in it.
package struct Origin: Sendable, Hashable {
  package let file: String
  package let position: JSONPosition

  package init(file: String, position: JSONPosition) {
    self.file = file
    self.position = position
  }

  /// Reads `FILE:LINE:COLUMN`, the form that `description` has.
  package init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count >= 3, let line = Int(parts[parts.count - 2]), let column = Int(parts[parts.count - 1])
    else { return nil }
    file = parts.dropLast(2).joined(separator: ":")
    position = JSONPosition(line: line, column: column)
  }
}

extension Origin: CustomStringConvertible {
  package var description: String { "\(file):\(position)" }
}

extension Origin: Comparable {
  package static func < (left: Origin, right: Origin) -> Bool {
    (left.file, left.position) < (right.file, right.position)
  }
}

/// Where each key of a definition was written, by its path in the definition, such as `disks[0].file`.
///
/// It travels with the definition, so that an error found long after the file was read still names the line.
package struct Origins: Sendable, Equatable {
  private var origins: [String: Origin] = [:]

  package init() {}

  package subscript(path: String) -> Origin? {
    get { origins[path] }
    set { origins[path] = newValue }
  }

  /// The origin of a path, or of the nearest value around it that has one.
  package func nearest(to path: String) -> Origin? {
    var path = path[...]
    while true {
      if let origin = origins[String(path)] { return origin }
      guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return nil }
      path = path[..<end]
    }
  }

  /// These origins less those of some paths and of what stands in them.
  func without(_ paths: Set<String>) -> Origins {
    var rest = self
    rest.origins = origins.filter { path, _ in
      let ends = path.indices.filter { path[$0] == "." || path[$0] == "[" } + [path.endIndex]
      return !ends.contains { paths.contains(String(path[..<$0])) }
    }
    return rest
  }

  /// These origins, and those of `base` for what only `base` has.
  package func merged(over base: Origins) -> Origins {
    var merged = base
    merged.origins.merge(origins) { _, ours in ours }
    return merged
  }
}

extension Origins {
  var json: JSONObject {
    JSONObject(origins.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value.description)) })
  }

  /// Reads what `json` gives; an entry of another form is of no use to anyone and is left out.
  init(json: JSONObject) {
    for (path, value) in json { origins[path] = value.string.flatMap(Origin.init) }
  }
}
