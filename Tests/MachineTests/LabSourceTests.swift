import Machine
import Testing

@Suite("A lab of several files")
struct LabSourceTests {
  /// Files by their paths; the first named is `/lab/qemuvm.json5` unless said otherwise.
  private static func lab(
    _ files: [String: String], named: [String] = ["/lab/qemuvm.json5"], environment: [String: String] = [:]
  ) throws -> LabFile {
    try LabFile(try source(files, named: named, environment: environment), defaultLab: "lab")
  }

  private static func source(
    _ files: [String: String], named: [String] = ["/lab/qemuvm.json5"], environment: [String: String] = [:]
  ) throws -> LabSource {
    func text(_ path: String) -> LabSource.Text {
      let shown = path.hasPrefix("/lab/") ? String(path.dropFirst(5)) : path
      return LabSource.Text(path: path, shown: shown, bytes: Array((files[path] ?? "").utf8))
    }
    return try LabSource(named.map(text), variables: Variables(environment: environment)) {
      path, shown throws(LabSource.Unreadable) in
      guard files[path] != nil else { throw LabSource.Unreadable("No such file or directory") }
      return text(path)
    }
  }

  @Test("The later file lies over the earlier one, key by key, and by the merge rule of profiles")
  func over() throws {
    let lab = try Self.lab(
      [
        "/lab/a": """
        { lab: 'shop', vms: {
          db: { cpus: 2, memory: '1G', restart: { delay: '1s', burst: 3 }, ports: ['1:1'] }, web: {},
        } }
        """,
        "/lab/b": """
        { vms: { mail: {}, db: { memoryPerCPU: '2G', restart: { burst: 5 }, ports: ['2:2', '3:3'] } } }
        """,
      ], named: ["/lab/a", "/lab/b"])
    #expect(lab.lab == "shop")
    #expect(lab.vms.map(\.name.name) == ["db", "web", "mail"])
    let db = lab.vms[0]
    #expect(db.settings.cpus == 2 && db.settings.memory == nil && db.settings.memoryPerCPU == .gibibytes(2))
    #expect(db.settings.restart?.delay == .seconds(1) && db.settings.restart?.burst == 5)
    #expect(db.settings.ports?.count == 2)
    #expect(db.origins["cpus"]?.file == "a" && db.origins["ports[1]"]?.file == "b")
    #expect(db.origins["memoryPerCPU"]?.file == "b")
  }

  @Test("What a file includes lies under it, and its relative paths start at its own folder")
  func includes() throws {
    let lab = try Self.lab([
      "/lab/qemuvm.json5": """
      { include: ['common/base.json5'], vms: { web: { memory: '2G', kernel: 'k' }, db: { kernel: 'k' } } }
      """,
      "/lab/common/base.json5":
        "{ include: '/shared.json5', lab: 'shop', vms: { web: { memory: '1G', cpus: 2, initrd: 'i' } } }",
      "/shared.json5": "{ vms: { web: { cpus: 8, append: 'x' }, all: { initrd: 'i' } } }",
    ])
    #expect(lab.lab == "shop")
    #expect(lab.vms.map(\.name.name) == ["web", "all", "db"])
    let web = lab.vms[0].settings
    #expect(web.memory == .gibibytes(2) && web.cpus == 2 && web.append == "x")
    #expect(web.kernel == "k" && web.initrd == "/lab/common/i")
    #expect(lab.vms[1].settings.initrd == "/i")
  }

  @Test("A file that several include counts once, under all of them")
  func once() throws {
    let lab = try Self.lab([
      "/lab/qemuvm.json5": "{ include: ['base', 'over', 'base'], vms: {} }",
      "/lab/over": "{ include: ['base'], vms: { a: { cpus: 2 } } }",
      "/lab/base": "{ vms: { a: { cpus: 1 } } }",
    ])
    #expect(lab.vms.map(\.settings.cpus) == [2])
  }

  @Test(
    "What cannot be included is refused at its place",
    arguments: [
      (
        [
          "/lab/qemuvm.json5": "{ include: ['a'], vms: {} }", "/lab/a": "{ include: ['b'] }",
          "/lab/b": "{ include: 'a' }",
        ],
        "b:1:12: include: files include each other in a circle: a -> b -> a"
      ),
      (
        ["/lab/qemuvm.json5": "{ include: ['qemuvm.json5'], vms: {} }"],
        "qemuvm.json5:1:13: include[0]: files include each other in a circle: qemuvm.json5 -> qemuvm.json5"
      ),
      (
        ["/lab/qemuvm.json5": "{ include: ['gone'], vms: {} }"],
        "qemuvm.json5:1:13: include[0]: 'gone' cannot be read: No such file or directory"
      ),
      (
        ["/lab/qemuvm.json5": "{ include: 3, vms: {} }"],
        "qemuvm.json5:1:12: include: expected a file, found 3"
      ),
      (
        ["/lab/qemuvm.json5": "{ include: ['${X}'], vms: {} }"],
        "qemuvm.json5:1:13: include[0]: the variable 'X' is not set, neither in the environment nor in .env; "
          + "write ${X:-DEFAULT} where it may be missing"
      ),
      (
        ["/lab/qemuvm.json5": "{ include: ['~/a'], vms: {} }"],
        "qemuvm.json5:1:13: include[0]: '~/a': only a shell knows '~'; write the folder, in a lab file as ${HOME}/a"
      ),
      (
        ["/lab/qemuvm.json5": "{ include: ['a'], vms: {} }", "/lab/a": "{"],
        "a:1:2: expected a key or '}', found the end of the text"
      ),
      (
        ["/lab/qemuvm.json5": "{ include: ['a'], vms: {} }", "/lab/a": "{ vms: { web: { cpsu: 1 } } }"],
        "a:1:17: vms.web.cpsu: unknown key 'cpsu'; did you mean 'cpus'?"
      ),
    ] as [([String: String], String)])
  func refused(files: [String: String], message: String) {
    let error = #expect(throws: DefinitionError.self) { try Self.lab(files) }
    #expect(error?.description == message)
  }

  @Test("A chain of includes that is very long is refused")
  func long() {
    var files = ["/lab/qemuvm.json5": "{ include: 'f0', vms: {} }"]
    for index in 0..<100 { files["/lab/f\(index)"] = "{ include: 'f\(index + 1)' }" }
    let error = #expect(throws: DefinitionError.self) { try Self.lab(files) }
    #expect(error?.description.contains("32 deep") == true)
  }

  // MARK: Numbered copies

  private static func one(_ text: String, environment: [String: String] = [:]) throws -> LabFile {
    try lab(["/lab/qemuvm.json5": text], environment: environment)
  }

  @Test("A VM with a count is so many, each with its number, and what depends on it on all of them")
  func copies() throws {
    let lab = try Self.one(
      """
      { vms: {
        web: { count: "${N:-3}", ports: ["808${copy}:80"], append: "n=${copy}", dependsOn: ["db"] },
        db: {}, proxy: { dependsOn: { web: "started", db: "stopped" } }, one: { count: 1 },
      } }
      """)
    #expect(lab.vms.map(\.name.name) == ["web-1", "web-2", "web-3", "db", "proxy", "one-1"])
    #expect(lab.vms[1].settings.append == "n=2")
    #expect(lab.vms[2].settings.ports?.map(\.description) == ["127.0.0.1:8083:80"])
    #expect(lab.vms[4].dependencies.map(\.name) == ["web-1", "web-2", "web-3", "db"])
  }

  @Test("The count of the last file counts, for what all of them say")
  func countOver() throws {
    let lab = try Self.lab(
      ["/lab/a": "{ vms: { web: { count: 3, cpus: 2 } } }", "/lab/b": "{ vms: { web: { count: 2 } } }"],
      named: ["/lab/a", "/lab/b"])
    #expect(lab.vms.map(\.name.name) == ["web-1", "web-2"])
    #expect(lab.vms.map(\.settings.cpus) == [2, 2])
  }

  @Test("Copies may each have a free port of the host")
  func freePorts() throws {
    let lab = try Self.lab(
      ["/lab/a": "{ vms: { web: { count: 2, ports: ['0:22'] } } }"], named: ["/lab/a"])
    #expect(lab.vms.count == 2)
  }

  @Test(
    "What copies cannot share is found, with the way out",
    arguments: [
      (
        "{ vms: { web: { count: 2, ports: ['8080:80'] } } }",
        "qemuvm.json5:1:35: vms.web-2.ports[0]: '127.0.0.1:8080:80' wants a port of the host that 'web-1' has, another copy; "
          + "put ${copy}, the copy's number, in it, as in \"808${copy}:80\""
      ),
      (
        "{ vms: { web: { count: 2, networks: [{ user: true, mac: '52:54:00:00:00:01' }] } } }",
        "qemuvm.json5:1:57: vms.web-2.networks[0].mac: the MAC address 52:54:00:00:00:01 is that of a card of "
          + "'web-1', another copy; leave it out, and each copy has its own"
      ),
      (
        "{ vms: { web: { count: 2, uuid: '123e4567-e89b-42d3-a456-426614174000' } } }",
        "qemuvm.json5:1:33: vms.web-2.uuid: the UUID 123e4567-e89b-42d3-a456-426614174000 is that of 'web-1', "
          + "another copy; leave it out, and each copy has its own"
      ),
      (
        "{ vms: { web: { count: 2 }, 'web-2': {} } }",
        "qemuvm.json5:1:38: vms.web-2: there are two VMs called 'web-2': one is a copy by 'count'"
      ),
      (
        "{ vms: { web: { count: 0 } } }",
        "qemuvm.json5:1:24: vms.web.count: the number of copies must be from 1 to 1000, not 0"
      ),
      (
        "{ vms: { web: { append: '${copy}' } } }",
        "qemuvm.json5:1:25: vms.web.append: '${copy}' is the number of a copy, and this VM has no 'count'"
      ),
      (
        "{ vms: { web: { count: 3, cpsu: 1 } } }",
        "qemuvm.json5:1:27: vms.web.cpsu: unknown key 'cpsu'; did you mean 'cpus'?"
      ),
    ])
  func collisions(text: String, message: String) {
    let error = #expect(throws: DefinitionError.self) { try Self.one(text) }
    #expect(error?.description == message)
  }

  @Test("The names of a lab are read though its definitions are wrong, copies and included ones too")
  func outline() throws {
    let files = [
      "/lab/qemuvm.json5": "{ include: 'a', vms: { db: 3, web: { count: '${N}', memory: '${MEM}' } } }",
      "/lab/a": "{ lab: '${NAME:-shop}', vms: { mail: {}, bad: { count: -1 } } }",
    ]
    let outline = try LabOutline(try Self.source(files, environment: ["N": "2"]), defaultLab: "lab")
    let expected = LabOutline(
      lab: "shop", vms: ["mail", "bad-1", "db", "web-1", "web-2"],
      copies: ["bad": ["bad-1"], "web": ["web-1", "web-2"]])
    #expect(outline == expected)
    #expect(throws: DefinitionError.self) { try LabOutline(try Self.source(files), defaultLab: "lab") }
  }
}
