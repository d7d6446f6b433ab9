/// Which QEMU this is.
///
/// QEMU: `query-version`, since 0.14.
package struct QueryVersion: QMPCommand {
  package typealias Reply = QMPVersion

  package static let name = "query-version"

  package init() {}
}
