import Control
import JSON
import Testing

@Suite("A job on the wire") struct JobReportTests {
  @Test("is written and read back the same")
  func bothWays() throws {
    let job = JobReport(
      id: "7", type: JobKind.imageAdd.rawValue, status: .concluded,
      progress: JobReport.Progress(current: 5, total: 9), error: "no", vm: "web", lab: "shop",
      subject: "base", result: ["a": 1])
    #expect(try JobReport(json: .object(job.json)) == job)
    let bare = JobReport(id: "8", type: JobKind.imageVerify.rawValue, status: .running)
    #expect(try JobReport(json: .object(bare.json)) == bare)
    #expect(bare.json["error"] == .null && bare.json["result"] == .null)
  }

  @Test("is read as QEMU writes its own")
  func ofQEMU() throws {
    let job = try JobReport(json: [
      "current-progress": 1, "total-progress": 2, "id": "made", "type": "create", "status": "pending",
    ])
    #expect(job.status == .pending && job.error == nil && job.vm == nil)
    #expect(job.progress == JobReport.Progress(current: 1, total: 2))
    #expect(throws: JSONTypeError.self) { try JobReport(json: ["id": "a", "type": "b", "status": "new"]) }
  }

  @Test("An image is written and read back the same")
  func image() throws {
    let image = ImageReport(
      name: "base", sha256: "00", format: "raw", sizeBytes: 1 << 40, addedAt: "2026-11-23T06:40:08.123Z",
      file: "/a")
    #expect(try ImageReport(json: .object(image.json)) == image)
  }
}
