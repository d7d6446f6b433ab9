import JSON
import Machine
import Testing

@Suite("What cloud-init is told")
struct CloudInitTests {
  private static func seed(_ keys: String) throws -> FirstBootSeed {
    try #require(try Example.machine(keys).firstBoot)
  }

  private static func files(_ keys: String, _ facts: FirstBootSeed.Facts) throws -> [String: String] {
    let files = try seed(keys).files(facts).map { ($0.name, String(decoding: $0.bytes, as: UTF8.self)) }
    return Dictionary(uniqueKeysWithValues: files)
  }

  /// The cloud-config in a file, whose first line says that it is one.
  private static func config(_ text: String?) throws -> JSONValue {
    let text = try #require(text)
    let head = "#cloud-config\n"
    try #require(text.hasPrefix(head))
    return try JSONValue(parsing: Array(text.dropFirst(head.count).utf8))
  }

  private static let facts = FirstBootSeed.Facts(
    instance: "iid-1",
    files: [
      "/pw": Array("s3cret\n".utf8),
      "/lab/key.pub": Array("# mine\nssh-rsa AAAAB me\n\nssh-rsa AAAAC you\n".utf8),
      "/lab/blob": [0, 255, 1], "/lab/user-data": Array("#!/bin/sh\n".utf8),
    ], hostKey: ("SECRET\n", "ssh-ed25519 AAAAHOST qemuvm-web"), ownKey: "ssh-ed25519 AAAAOWN qemuvm")

  @Test("Every member stands in the cloud-config, and the VM's name is the host's")
  func everything() throws {
    let files = try Self.files(
      """
      cloudInit: {
        user: "admin", password: { file: "/pw" }, sshKeys: ["ssh-ed25519 AAAA me", { file: "key.pub" }],
        packages: ["nginx"], timezone: "Europe/Berlin", runCommands: ["a | b", ["c", "d e"]],
        files: [{ path: "/etc/x", content: "1\\n", permissions: "0600", owner: "root:root" },
                { path: "/y", content: { file: "blob" } }],
        networkConfig: { version: 2, ethernets: {} },
      }
      """, Self.facts)
    #expect(Set(files.keys) == ["meta-data", "user-data", "network-config"])
    #expect(
      try JSONValue(parsing: Array(#require(files["meta-data"]).utf8)) == [
        "instance-id": "iid-1", "local-hostname": "web",
      ])
    #expect(
      try JSONValue(parsing: Array(#require(files["network-config"]).utf8)) == [
        "version": 2, "ethernets": [:],
      ])
    #expect(
      try Self.config(files["user-data"]) == [
        "user": ["name": "admin"], "manage_etc_hosts": "localhost",
        "ssh_authorized_keys": [
          "ssh-ed25519 AAAAOWN qemuvm", "ssh-ed25519 AAAA me", "ssh-rsa AAAAB me", "ssh-rsa AAAAC you",
        ],
        "ssh_keys": [
          "ed25519_private": "SECRET\n", "ed25519_public": "ssh-ed25519 AAAAHOST qemuvm-web",
        ], "password": "s3cret", "chpasswd": ["expire": false], "timezone": "Europe/Berlin",
        "package_update": true, "packages": ["nginx"],
        "write_files": [
          ["path": "/etc/x", "content": "1\n", "permissions": "0600", "owner": "root:root"],
          ["path": "/y", "encoding": "b64", "content": "AP8B"],
        ], "runcmd": ["a | b", ["c", "d e"]],
      ])
  }

  @Test(
    "User data of the user's own stand alone, and what the other keys say stands beside them as vendor data")
  func userData() throws {
    let files = try Self.files(
      "cloudInit: { userData: { file: \"user-data\" }, hostname: \"a.b\" }", Self.facts)
    #expect(files["user-data"] == "#!/bin/sh\n")
    #expect(try Self.config(files["vendor-data"])["user"] == ["name": "qemuvm"])
    #expect(try #require(files["meta-data"]).contains("\"a.b\""))
  }

  @Test("Root logs in by a switch of its own, and nobody has a password who was given none")
  func root() throws {
    let config = try Self.config(try Self.files("cloudInit: { user: \"root\" }", Self.facts)["user-data"])
    #expect(config["disable_root"] == false)
    #expect(config["password"] == nil)
  }

  @Test("What JSON may have in a text and YAML may not is written by its number")
  func yaml() throws {
    let text = "\u{7F}\u{80}\u{2028}\u{2029}\u{FEFF}😀ä\u{1}"
    let written = try #require(
      try Self.files("cloudInit: { runCommands: [\"\(text)\"] }", Self.facts)["user-data"])
    #expect(written.contains(#""\u007f\u0080\u2028\u2029\ufeff😀ä\u0001""#))
    #expect(try Self.config(written)["runcmd"] == [.string(text)])
  }

  @Test("A VM's members come over those of its profile one by one, and false takes all of them away")
  func merging() throws {
    let below = try Settings(json: ["cloudInit": ["user": "debian", "packages": ["a"]], "ssh": true])
    let above = try Settings(json: ["cloudInit": ["packages": ["b"]]])
    #expect(above.merged(over: below).json["cloudInit"] == ["user": "debian", "packages": ["b"]])
    let without = try Settings(json: ["cloudInit": false])
    #expect(without.merged(over: below).json["cloudInit"] == false)
    #expect(above.merged(over: without).json["cloudInit"] == ["packages": ["b"]])
  }

  @Test("No secret is in what is told of a change, of the machine and of the definition")
  func secrets() throws {
    func flat(_ password: String) throws -> FlatDefinition {
      try Example.flat(
        Example.definition(
          """
          cloudInit: { user: "a", password: "\(password)", userData: "\(password)", runCommands: ["\(password)"],
            files: [{ path: "/x", content: "\(password)" }], networkConfig: "\(password)" }
          """))
    }
    let (old, new) = (try flat("first-secret"), try flat("second-secret"))
    func machine(_ flat: FlatDefinition) throws -> MachineDescription {
      try Machine(resolving: flat, uuid: Example.uuid, paths: Example.paths, host: Example.host).description
    }
    let changes = try machine(new).changes(from: try machine(old)).map(\.description)
    #expect(changes.count == 1)
    #expect(changes[0].contains("password: … -> …"))
    let differences = new.differences(from: old)
    #expect(differences.contains("cloudInit.password: … -> …"))
    let definition = try Example.definition("cloudInit: { user: \"a\", password: \"first-secret\" }")
    #expect(definition.shownJSON["cloudInit"] == ["user": "a", "password": "…"])
    let kept = try machine(old).json
    for text in changes + differences + ["\(kept.texts)", "\(String(describing: kept.values))"] {
      #expect(!text.contains("-secret"), "\(text)")
    }
  }

  @Test(
    "ssh leads in where there is cloud-init and a card that the host reaches, or where it is asked for",
    arguments: [
      ("cloudInit: {}", "qemuvm@127.0.0.1, a free port"),
      ("cloudInit: { user: \"admin\" }, ports: [\"0.0.0.0:2222:22\"]", "admin@127.0.0.1:2222"),
      ("cloudInit: { user: \"admin\" }, ssh: { user: \"root\" }", "root@127.0.0.1, a free port"),
      ("ssh: true", "root@127.0.0.1, a free port"), ("cloudInit: {}, ssh: false", nil),
      ("cloudInit: {}, networks: \"none\"", nil), ("", nil), ("cloudInit: false", nil),
    ] as [(String, String?)])
  func ssh(_ keys: String, _ expected: String?) throws {
    let machine = try Example.machine(keys)
    #expect(machine.description.texts["ssh"] == expected)
    #expect(machine.hostPorts.contains { $0.guestPort == 22 } == (expected != nil))
  }

  @Test(
    "A port that is probed for health has a port of the host that leads to it, once",
    arguments: [
      ("health: { port: 80 }", ["127.0.0.1:0:80"]),
      ("health: { port: 80 }, ports: [\"8080:80\"]", ["127.0.0.1:8080:80"]),
      ("cloudInit: {}, health: { ssh: true }", ["127.0.0.1:0:22"]),
      ("health: { ssh: true }", ["127.0.0.1:0:22"]),
      ("cloudInit: {}, health: { port: 22 }", ["127.0.0.1:0:22"]),
    ])
  func healthPort(_ keys: String, _ ports: [String]) throws {
    let machine = try Example.machine(keys)
    #expect(machine.hostPorts.map(\.description) == ports)
    #expect(machine.description.forwards.map(\.description) == ports)
  }

  @Test("A port that was chosen takes the place of the free one")
  func chosenPort() throws {
    var host = Example.host
    let settings = try Settings(json: ["cloudInit": true, "networks": "user", "ports": ["0:80"]])
    for (forward, port) in zip(settings.forwards, [25_000, 25_001]) { host.ports[forward] = port }
    let machine = try Example.machine("cloudInit: true, ports: [\"0:80\"]", host: host)
    #expect(machine.hostPorts.map(\.description) == ["127.0.0.1:25000:80", "127.0.0.1:25001:22"])
    #expect(machine.description.ssh?.port == 25_001)
    let (texts, values) = machine.description.json
    let read = try MachineDescription(texts: .object(texts), values: values.map { .object($0) })
    #expect(read.ssh == machine.description.ssh)
  }

  @Test(
    "What is wrong is told with its place",
    arguments: [
      ("cloudInit: { usr: \"a\" }", "vms.web.cloudInit.usr: unknown key 'usr'; did you mean 'user'?"),
      (
        "cloudInit: { user: \"-x\" }",
        "vms.web.cloudInit.user: '-x' is not a user's name: up to 32 small letters, digits, '-' and '_', a letter first"
      ),
      ("cloudInit: 5", "vms.web.cloudInit: expected an object, true or false, found 5"),
      (
        "cloudInit: { sshKeys: [\"-----BEGIN OPENSSH PRIVATE KEY-----\"] }",
        "vms.web.cloudInit.sshKeys[0]: this is a private key; the public one is in the file with '.pub'"
      ),
      ("cloudInit: { password: \"a\\nb\" }", "vms.web.cloudInit.password: a password is one line"),
      (
        "cloudInit: { files: [{ path: \"x\", content: \"\" }] }",
        "vms.web.cloudInit.files[0].path: a path in the guest begins with '/', unlike 'x'"
      ),
      (
        "cloudInit: { files: [{ path: \"/x\" }] }",
        "vms.web.cloudInit.files[0].content: what is in the file is missing"
      ),
      (
        "cloudInit: { hostname: \"a_b\" }",
        "vms.web.cloudInit.hostname: 'a_b' is not a host name: letters, digits and '-', parts with '.' between"
      ),
      (
        "cloudInit: { networkConfig: { ethernets: {} } }",
        "vms.web.cloudInit.networkConfig: a network configuration of cloud-init has version: 1 or version: 2"
      ),
      (
        "cloudInit: { packages: [\"a b\"] }", "vms.web.cloudInit.packages[0]: 'a b' is not a package's name"
      ),
      (
        "ssh: { port: 22 }",
        "vms.web.ssh.port: write the port with the key 'ports', such as \"2222:22\": that one is taken then"
      ),
      (
        "health: { port: 80 }, networks: \"none\"",
        "health.port: a port is reached through the network 'user', which 'networks' does not list"
      ),
      (
        "health: { port: 80, ssh: true }",
        "vms.web.health.ssh: 'port' is written as well; write only one of the two"
      ), ("health: { port: 0 }", "vms.web.health.port: the port must be from 1 to 65535, not 0"),
      (
        "ssh: true, networks: \"none\"",
        "ssh: ssh needs a card on the network 'user', which 'networks' does not list"
      ),
      (
        "cloudInit: true, machine: \"isapc\", accelerator: \"tcg\", networks: \"none\", rng: false",
        "cloudInit: the disk for cloud-init needs a PCI bus, which 'isapc' does not have; write cloudInit: false"
      ),
    ])
  func wrong(_ keys: String, _ message: String) throws {
    do {
      _ = try Example.machine(keys)
      Issue.record("it was taken")
    } catch let error as DefinitionError {
      #expect("\(error)".contains(message), "\(error)")
    }
  }
}
