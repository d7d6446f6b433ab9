// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A library target of ours; each depends on those above it alone.
func library(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
  .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let package = Package(
  name: "qemuvm",
  products: [
    .executable(name: "qemuvm", targets: ["qemuvm"]),
    .executable(name: "qemuvm-bench", targets: ["qemuvm-bench"]),
  ],
  targets: [
    .target(name: "CLinux"),
    .target(name: "CFloor"),
    library("Host", ["CLinux"]),
    library("JSON", []),
    library("QMP", ["JSON", "Host"]),
    library("Network", []),
    library("Switch", ["Network", "JSON", "Host", "CLinux"]),
    library("Machine", ["JSON", "Network"], resources: [.embedInCode("Builtin")]),
    library("Control", ["JSON", "Host", "QMP"]),
    library("Inspection", ["Machine", "Control", "Host", "JSON"]),
    library("Supervisor", ["Machine", "Network", "Inspection", "QMP", "Control", "Host", "JSON", "CLinux"]),
    .executableTarget(
      name: "qemuvm",
      dependencies: ["Supervisor", "Switch", "Inspection", "Control", "Machine", "QMP", "JSON", "Host"],
      swiftSettings: settings),
    .executableTarget(
      name: "qemuvm-bench", dependencies: ["QMP", "JSON", "Host", "CFloor"], swiftSettings: settings),
    tests("HostTests", ["Host"]),
    tests("JSONTests", ["JSON"]),
    tests("NetworkTests", ["Network"]),
    tests("SwitchTests", ["Switch", "Network", "JSON"]),
    tests("QMPTests", ["QMP", "JSON", "Host"]),
    tests("MachineTests", ["Machine", "Network", "JSON", "Host"], exclude: ["Golden"]),
    tests("ControlTests", ["Control", "QMP", "JSON", "Host"]),
    tests(
      "SupervisorTests",
      ["Supervisor", "Network", "Inspection", "Control", "Machine", "QMP", "JSON", "Host"]),
    tests("qemuvmTests", ["qemuvm", "Control", "Machine", "JSON"]),
    tests("EndToEndTests", ["JSON", "Host", "QMP"], exclude: ["Guests", "Preload"]),
  ],
  swiftLanguageModes: [.v6]
)
