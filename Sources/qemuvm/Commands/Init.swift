internal import Control
internal import Glibc
internal import Host
internal import Machine

/// `qemuvm init`: a first lab file, to be edited.
struct Init: Verb {
  static let name = "init"
  static let group = VerbGroup.configure
  static let farPart = FarPart.none
  static let summary = "Write a first lab file, with comments"
  static let discussion = [
    "The file works as it is: 'qemuvm up' starts its one VM. One that is there is left alone.",
    "'qemuvm validate --schema' prints a JSON schema for editors, which the file can name.",
  ]
  static let examples = ["qemuvm init", "qemuvm init shop/qemuvm.json5"]
  static let arguments = [
    ArgumentDeclaration(
      "FILE", .optional, help: "The file to write (default: qemuvm.json5 here).", completion: .files)
  ]

  private let file: String

  init(_ given: GivenArguments) {
    file = given.words.first ?? CurrentLab.defaultName
  }

  func run(_ context: Context) throws -> ExitCode {
    do throws(SystemError) {
      try Self.write(Self.text(lab: Self.lab(file, context)), to: file)
    } catch {
      guard error.code == EEXIST else {
        throw CommandFailure(.failed, file, "cannot be written: \(error.reason)")
      }
      throw CommandFailure(
        .failed, file, "is there already, and is left as it is", hints: ["'qemuvm validate' checks it."])
    }
    context.diagnostics.note(
      "\(Printable.line(file)): written; 'qemuvm up' starts what is in it, 'qemuvm validate' checks it\n")
    return .done
  }

  /// Never over what is there.
  private static func write(_ text: String, to file: String) throws(SystemError) {
    let target = try FileDescriptor.open(file, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
    do throws(SystemError) {
      try target.write(Array(text.utf8))
    } catch {
      unlink(file)
      throw error
    }
  }

  /// The name that the lab must be given; nil where its folder's will do.
  private static func lab(_ file: String, _ context: Context) -> String? {
    let folder = FileSystem.name(of: FileSystem.parent(of: context.absolute(file)))
    do throws(NameError) {
      _ = try VMName("web", lab: folder)
      return nil
    } catch {
      return "lab"
    }
  }

  static func text(lab: String?) -> String {
    let name =
      lab.map { "lab: \"\($0)\",                       // the folder's name cannot be one" }
      ?? "// lab: \"shop\",                   // the lab's name; without it, the folder's"
    return """
      // A lab of qemuvm: virtual machines that go up and down together.
      //
      //   qemuvm validate        is the file right?
      //   qemuvm up              brings the VMs to what is written here; 'up --dry-run' says what it would do
      //   qemuvm ls              shows them; 'qemuvm console guest' is the first one's console
      //   qemuvm down            stops them, and takes them off the list; their disks stay
      //
      // It is JSON5: comments and commas at the end are fine. A key that is not known is an error.
      {
        \(name)
        vms: {
          // A guest of a few hundred bytes, to see it work. Its profile fills in what is not written here;
          // 'qemuvm profiles' lists them all.
          guest: { profile: "hello" },

          // One with a system on its disk. Make an image known first: qemuvm image add debian-12.qcow2
          // web: {
          //   profile: "linux",
          //   cpus: 2,
          //   memory: "${WEB_MEMORY:-1G}",          // from the environment or the file .env, else 1G
          //   image: "debian-12",                   // a disk of its own on that image, which is never written
          //   imageSize: "20G",
          //   disks: [{ name: "data", size: "5G" }],
          //   ports: ["127.0.0.1:8080:80"],         // the host's port 8080 leads to the guest's 80
          //   restart: "always",                    // or "on-failure", the default, or "no"
          //   dependsOn: ["guest"],                 // starts when that one runs, and ends before it
          // },

          // Three alike: worker-1, worker-2 and worker-3.
          // worker: { count: 3, profile: "hello" },
        },
      }

      """
  }
}
