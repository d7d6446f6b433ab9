internal import Control
internal import JSON
internal import Machine

/// `qemuvm image pull`: downloads an image into the store.
struct ImagePull: Verb {
  static let name = "image pull"
  static let group = VerbGroup.images
  static let summary = "Download an image into the store"
  static let discussion = [
    "The host's curl downloads it. It is taken only when it is what its checksum says: one that is given here, or that "
      + "stands in a file of its publisher's. Over http only the first will do. An image that is packed (.xz, .gz, .zst, "
      + ".bz2) is unpacked.",
    "It is a job: Ctrl-C ends this command alone, and 'qemuvm job cancel' ends the job. What has come is kept, and the "
      + "next download goes on there.",
  ]
  static let examples = [
    "qemuvm image pull https://a.org/web.qcow2 --checksums https://a.org/SHA512SUMS --name web-base"
  ]
  static let arguments = [ArgumentDeclaration("URL", .one, help: "The image's address, https or http.")]
  private static let sha256 = ValueOption(
    "sha256", "HASH", .text, help: "Its SHA-256, 64 hexadecimal digits.")
  private static let sha512 = ValueOption(
    "sha512", "HASH", .text, help: "Its SHA-512, 128 hexadecimal digits.")
  private static let checksums = ValueOption(
    "checksums", "URL", .text, help: "The address, https, of a file with the checksums of several images.")
  private static let imageName = ValueOption(
    "name", "N", .text,
    help: "The image's name in the store (default: that of the address, without .qcow2 and its like).")
  static let options: [any DeclaredOption] = [sha256, sha512, checksums, imageName, CommonOptions.json]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSupervisor]

  private let image: RemoteImage
  private let imageName: String?
  private let isJSON: Bool

  init(_ given: GivenArguments) throws(UsageError) {
    let sums = [
      given[Self.sha256].map(RemoteImage.Checksum.sha256),
      given[Self.sha512].map(RemoteImage.Checksum.sha512),
      given[Self.checksums].map(RemoteImage.Checksum.list),
    ].compactMap(\.self)
    guard let sum = sums.first, sums.count == 1 else {
      let which = sums.isEmpty ? "no checksum is given" : "several checksums are given"
      throw UsageError(
        .combination("\(which): an image is taken only when it is what one says"), verb: Self.name,
        hint: "Give one of --sha256, --sha512 and --checksums.")
    }
    do throws(RemoteImage.Fault) {
      image = try RemoteImage(url: given.words[0], checksum: sum)
    } catch {
      let place = error.key == "url" ? "URL" : "--\(error.key)"
      throw UsageError(.combination("\(place): \(error.why)"), verb: Self.name)
    }
    imageName = given[Self.imageName]
    isJSON = given[CommonOptions.json]
  }

  func run(_ context: Context) throws -> ExitCode {
    let request = ControlRequest.imagePull(source: image.json, name: imageName)
    let job = try JobFollower(context: context, label: imageName ?? image.fileName).run(request)
    let result = JSONValue.object(job.result ?? [:])
    if isJSON {
      try context.output.write(json: result)
    } else {
      let image = try ImageReport(json: result)
      let size = Quantity.bytes(UInt64(max(0, image.sizeBytes)))
      try context.output.write("\(image.name): there (\(image.format), \(size), SHA-256 \(image.sha256))\n")
    }
    return .done
  }
}
