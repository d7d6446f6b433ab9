import JSON
import Machine
import Testing

@Suite("Definitions as JSON")
struct RoundTripTests {
  @Test("Settings with every key come back as they were")
  func settings() throws {
    let settings = try Everything.settings
    #expect(settings.json == Everything.json)
    #expect(try Settings(json: .object(settings.json)) == settings)
  }

  @Test("A definition comes back with its name, its lab and where it was written")
  func definition() throws {
    let definition = try Example.definition("cpus: 2, disks: [\"a.raw\"]")
    let json = try JSONValue(parsing: JSONValue.object(definition.json).bytes())
    #expect(try VMDefinition(json: json) == definition)
    #expect(json["origins"]?["disks[0]"] == "qemuvm.json5:1:33")
    let outsideLabs = try VMDefinition(json: ["name": "web", "lab": nil])
    #expect(outsideLabs.name == (try VMName("web")))
    #expect(outsideLabs.json == ["name": "web"])
  }

  @Test("A definition means the same wherever in a file it stands")
  func meaning() throws {
    let one = try Example.definition("cpus: 2")
    #expect(one.hasSameMeaning(as: try Example.definition("\n\n cpus: 2")))
    #expect(!one.hasSameMeaning(as: try Example.definition("cpus: 3")))
  }

  @Test(
    "What is wrong with a definition from a program is said by its key",
    arguments: [
      ([:], "name: the VM's name is missing"),
      (
        ["name": "a b"],
        "name: 'a b' is not a valid name: a name may have only ASCII letters, digits, '.', '_' and '-', not white space"
      ),
      (
        ["name": "web", "lab": "../x"],
        "lab: '../x' is not a valid name: a name may have only ASCII letters, digits, '.', '_' and '-', not '/'"
      ),
      (["name": "web", "cpus": 0], "cpus: the number of CPUs must be from 1 to 4096, not 0"),
      (["name": "web", "nmae": 0], "nmae: unknown key 'nmae'; did you mean 'name'?"),
      ([], "expected an object, found an array"),
    ] as [(JSONValue, String)])
  func refuses(_ json: JSONValue, _ message: String) {
    #expect {
      try VMDefinition(json: json)
    } throws: {
      #expect("\($0)" == message)
      return $0 is DefinitionError
    }
  }

  @Test("A flat definition comes back with the settings of its profile", arguments: BuiltinProfiles.names)
  func flat(_ profile: String) throws {
    let definition = try Example.definition("profile: \"\(profile)\", cpus: 2")
    let flat = FlatDefinition(definition, in: "/lab", over: try ProfileChain(profile))
    let json = try JSONValue(parsing: JSONValue.object(flat.json).bytes())
    #expect(try FlatDefinition(json: json, name: flat.name) == flat)
    #expect(flat.origins["machine"]?.file.hasPrefix("builtin:") == true)
  }

  @Test("What a QEMU binary said of itself comes back")
  func emulator() throws {
    let json = try JSONValue(parsing: JSONValue.object(Example.emulator.json).bytes())
    #expect(try Emulator(json: json) == Example.emulator)
  }
}
