import Control
import Glibc
import Host
import JSON
import Machine
import Testing

@testable import qemuvm

@Suite("What up and create send") struct DefinitionSourceTests {
  /// A folder with a lab file in it.
  final class Lab {
    let folder: String
    var file: String { folder + "/lab.json5" }

    init(_ text: String) throws {
      var template = Array("/tmp/qemuvm-lab.XXXXXX".utf8CString)
      folder = try #require(mkdtemp(&template).map { String(cString: $0) })
      try FileSystem.replace(file, with: Array(text.utf8), durable: false)
    }

    deinit { try? FileSystem.removeTree(folder) }
  }

  static let shop = "{ lab: 'shop', vms: { db: { cpus: 2 }, web: { profile: 'hello' } } }"

  static func subjects(_ line: [String], environment: [String] = []) throws -> [DefinitionSource.Subject] {
    let parser = CommandLineParser(verb: Up.name, arguments: Up.arguments, options: Up.allOptions)
    return try DefinitionSource(try parser.parse(line), verb: Up.name).subjects(
      in: Context(environment: environment))
  }

  @Test(
    "All of the lab file without names, else those named, and by name alone what it does not have",
    arguments: [
      ([], ["shop/db", "shop/web"], 2), (["web"], ["shop/web"], 1),
      (["shop/db", "other"], ["shop/db", "other"], 1),
      (["other"], ["other"], 0),
    ])
  func lab(names: [String], labels: [String], defined: Int) throws {
    let lab = try Lab(Self.shop)
    let subjects = try Self.subjects(names + ["--file", lab.file])
    #expect(subjects.map(\.label) == labels)
    var definitions = 0
    for subject in subjects {
      guard case .definition(let definition, let directory, let file) = subject.subject else {
        #expect(subject.subject == .named(VMReference(subject.label)))
        continue
      }
      definitions += 1
      #expect(directory == lab.folder)
      #expect(file == lab.file)
      #expect(definition["lab"] == "shop")
    }
    #expect(definitions == defined)
  }

  @Test(
    "What is up together: all of the file, or what is named with all that it depends on",
    arguments: [
      ([], ["shop/web", "shop/db", "shop/store", "shop/mail"], nil, 3),
      (["web"], ["shop/web", "shop/db", "shop/store"], ["web"], 3),
      (["other", "shop/store"], ["shop/store"], ["store"], 1), (["other"], nil, nil, nil),
    ] as [([String], [String]?, [String]?, Int?)])
  func plan(names: [String], labels: [String]?, chosen: [String]?, stages: Int?) throws {
    let lab = try Lab(
      """
      { lab: 'shop', vms: {
        web: { dependsOn: ['db'] }, db: { dependsOn: ['store'] }, store: {}, mail: {},
      } }
      """)
    let parser = CommandLineParser(verb: Up.name, arguments: Up.arguments, options: Up.allOptions)
    let plan = try DefinitionSource(try parser.parse(names + ["--file", lab.file]), verb: Up.name).plan(
      in: Context(environment: []))
    #expect(plan.lab?.labels == labels)
    #expect(plan.lab?.names == chosen)
    #expect(plan.lab?.stages == stages)
    #expect(plan.lab?.definition.vms.count ?? 4 == 4)
    #expect(plan.subjects.map(\.label) == names.filter { $0 == "other" })
  }

  @Test("A wrong file tells all of its problems, and hinders no VM that it does not define")
  func wrong() throws {
    let lab = try Lab("{ lab: 'shop', vms: { db: { cpsu: 1 }, web: { memory: 2 } } }")
    let error = #expect(throws: DefinitionError.self) { try Self.subjects(["--file", lab.file]) }
    #expect(error?.problems.count == 2)
    #expect(try Self.subjects(["other", "--file", lab.file]).map(\.subject) == [.named("other")])
  }

  @Test("A file that is named must be there")
  func missing() {
    let error = #expect(throws: CommandFailure.self) { try Self.subjects(["--file", "/nonexistent.json5"]) }
    #expect(error?.code == .usage)
  }

  @Test("Options alone make a VM of the profile's name, outside any lab")
  func adhoc() throws {
    let subjects = try Self.subjects([
      "--profile", "hello", "--memory", "32M", "--disk", "a.raw", "--disk", "/b.raw", "--network", "none",
      "--argument", "-boot", "--argument", "order=c",
    ])
    #expect(subjects.map(\.label) == ["hello"])
    guard case .definition(let definition, _, nil) = subjects[0].subject else {
      Issue.record("no definition")
      return
    }
    let vm = try VMDefinition(json: .object(definition))
    #expect(vm.name.description == "hello")
    #expect(vm.settings.memory == .mebibytes(32))
    #expect(vm.settings.disks?.map(\.file) == [FileSystem.currentDirectory + "/a.raw", "/b.raw"])
    #expect(vm.settings.networks?.cards == [])
    #expect(vm.settings.arguments?.words == ["-boot", "order=c"])
  }

  @Test("Keys of a disk stand behind its file; a comma without one belongs to the name")
  func diskOptions() throws {
    func disk(_ text: String) throws -> DiskSetting {
      let subject = try Self.subjects(["--profile", "hello", "--disk", text])[0].subject
      guard case .definition(let definition, _, nil) = subject else {
        throw CommandFailure(.failed, nil, "none")
      }
      return try #require(try VMDefinition(json: .object(definition)).settings.disks?.first)
    }
    let all = try disk("/a.img,format=qcow2,readOnly=true,bus=scsi,serial=true,cache=none")
    #expect(all.file == "/a.img" && all.format == .qcow2 && all.readOnly == true && all.bus == .scsi)
    #expect(all.serial == "true" && all.cache == DiskSetting.Cache.none)
    #expect(try disk("/a,b.img").file == "/a,b.img")
    #expect(try disk("/a,b=c.img,format=raw").file == "/a,b=c.img")
    let blank = try disk("name=data,size=20G,boot=1")
    #expect(blank.source == .blank && blank.name == "data" && blank.size == .gibibytes(20) && blank.boot == 1)
    #expect(try disk("image=debian-12").source == .image(.stored("debian-12")))
    #expect(try disk("size=1G,name=x,persistent=false").persistent == false)
    #expect(try disk("name=x.img").file?.hasSuffix("/name=x.img") == true)
    for (text, word) in [
      ("/a.img,fromat=qcow2", "did you mean 'format'"), ("/a.img,format=qcow3", "did you mean 'qcow2'"),
      ("/a.img,format=raw,format=qcow2", "twice"), (",format=raw", "empty"),
    ] {
      let error = #expect(throws: UsageError.self) { try disk(text) }
      #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
    }
  }

  @Test("The QEMU that the environment names is used unless the definition names one")
  func emulator() throws {
    let environment = ["QEMUVM_QEMU=/opt/qemu"]
    for (line, expected) in [([], "/opt/qemu"), (["--qemu", "/my/qemu"], "/my/qemu")] as [([String], String)]
    {
      let subject = try Self.subjects(["--profile", "hello"] + line, environment: environment)[0].subject
      guard case .definition(let definition, _, _) = subject else {
        Issue.record("no definition")
        continue
      }
      #expect(definition["qemu"]?.string == expected)
    }
  }
}
