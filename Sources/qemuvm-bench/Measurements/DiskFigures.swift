internal import Glibc
internal import Host

/// A disk of the VM's own that is made beside `up`, on an image; the same command without one is the floor.
enum DiskFigures {
  @Sendable static func take(_ workshop: Workshop, _ options: Options) throws -> [Figure] {
    let image = workshop.root + "/base.img"
    try FileDescriptor.open(image, O_WRONLY | O_CREAT).truncate(to: 1 << 30)
    let up = ["up", "--profile", "hello"]
    let series = try Series(rounds: options.rounds(15)) {
      try time(up, workshop)
    } product: {
      try time(up + ["--image", image], workshop)
    }
    return [
      series.figure("up with a new overlay, beside one without", .milliseconds, limit: .aboveFloor(60))
    ]
  }

  private static func time(_ up: [String], _ workshop: Workshop) throws -> Double {
    let elapsed = try workshop.run(up)
    try workshop.run(["kill", "hello"])
    try workshop.run(["rm", "--disks", "hello"])
    return elapsed.milliseconds
  }
}
