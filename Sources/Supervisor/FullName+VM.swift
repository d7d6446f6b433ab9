package import Control
package import Machine

extension VMName {
  /// As replies and events have it.
  package var full: FullName { FullName(name, lab: lab) }

  /// A name that came with a record or a reply.
  package init(_ name: FullName) throws(NameError) {
    try self.init(name.name, lab: name.lab)
  }
}
