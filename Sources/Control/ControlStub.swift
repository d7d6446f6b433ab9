package import Host
package import JSON
package import QMP
package let qemuvmVersion = "0.1.0"
package struct ControlError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: Sendable { case failed, invalid, notFound, timedOut, commandNotFound }
  package let kind: Kind
  package let description: String
  package init(_ kind: Kind, _ description: String) { self.kind = kind; self.description = description }
  package init(_ e: QMPError, name: String) { kind = .failed; description = "\(name): \(e)" }
}
package enum ControlRequest: Sendable, Equatable {
  package enum Subject: Sendable, Equatable { case named(String), definition(JSONObject, directory: String, file: String?) }
  case create(Subject), up(Subject, dryRun: Bool)
  case down(name: String, disks: Bool, timeout: Duration?), start(name: String), stop(name: String, timeout: Duration?), restart(name: String, timeout: Duration?), kill(name: String)
  case pause(name: String), unpause(name: String), reset(name: String), update(name: String, settings: JSONObject), remove(name: String, disks: Bool)
  case queryVMs, queryVM(name: String), queryArguments(name: String), queryEvents(name: String?, since: Int?), queryCommands, querySupervisor, queryVersion, execute(name: String, command: JSONObject, timeout: Duration?), quit
  package var commandName: String { "" }
}
package actor ControlServer {
  package init(listener: consuming FileDescriptor, version: String, handler: @escaping @Sendable (ControlRequest) async throws(ControlError) -> JSONValue) {}
  package func start() {}
  package nonisolated func broadcast(_ event: QMPEvent) {}
  package func close() {}
}
