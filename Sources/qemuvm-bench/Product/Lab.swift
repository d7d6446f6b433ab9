internal import Host
internal import JSON

/// A lab file of so many guests of the `hello` profile, in a folder of its own.
struct Lab {
  let folder: String
  let names: [String]

  /// Writes the file; `settings` are those of every VM beside its profile.
  init(_ workshop: Workshop, name: String, count: Int, settings: JSONObject = ["accelerator": "tcg"]) throws {
    folder = workshop.root + "/" + name
    names = (1...count).map { "guest-\($0)" }
    var vms: JSONObject = [:]
    for guest in names {
      var vm: JSONObject = ["profile": "hello"]
      for (key, value) in settings { vm[key] = value }
      vms[guest] = .object(vm)
    }
    try FileSystem.makeDirectory(folder)
    let file: JSONValue = ["lab": .string(name), "vms": .object(vms)]
    try FileSystem.replace(folder + "/qemuvm.json5", with: file.bytes(), durable: false)
  }
}
