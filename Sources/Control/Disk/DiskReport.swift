package import JSON

/// A disk that qemuvm has made for a VM, as everyone may know it.
package struct DiskReport: Sendable, Equatable {
  /// What holds it.
  package enum Use: String, Sendable, Hashable, CaseIterable {
    /// The VM's process has it open.
    case running

    /// It is in the definition of a VM that is on the list.
    case defined

    /// Nothing: the VM is gone, or defined without it.
    case none
  }

  package var vm: FullName

  /// What the VM's definition calls it.
  package var disk: String
  package var file: String
  package var sizeBytes: Int64

  /// What it takes of the file system.
  package var usedBytes: Int64

  /// The file that it stands on; nil for one that stands alone.
  package var base: String?

  /// That file's name in the image store.
  package var image: String?

  /// Why it cannot be used; nil when it can, as far as can be told.
  package var fault: String?
  package var use: Word<Use>

  package init(vm: FullName, disk: String, file: String, use: Word<Use>) {
    self.vm = vm
    self.disk = disk
    self.file = file
    self.use = use
    sizeBytes = 0
    usedBytes = 0
  }
}

// MARK: On the wire

extension DiskReport: JSONDecodable {
  package var json: JSONObject {
    [
      "name": .string(vm.name), "lab": JSONValue(text: vm.lab), "disk": .string(disk), "file": .string(file),
      "sizeBytes": JSONValue(sizeBytes), "usedBytes": JSONValue(usedBytes), "base": JSONValue(text: base),
      "image": JSONValue(text: image), "fault": JSONValue(text: fault), "use": .string(use.text),
    ]
  }

  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    self.init(
      vm: FullName(try members.required("name"), lab: try members.optional("lab")),
      disk: try members.required("disk"), file: try members.required("file"),
      use: try members.required("use"))
    sizeBytes = try members.required("sizeBytes")
    usedBytes = try members.required("usedBytes")
    base = try members.optional("base")
    image = try members.optional("image")
    fault = try members.optional("fault")
  }
}
