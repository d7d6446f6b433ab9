import Control
import JSON
import Testing

@testable import qemuvm

@Suite("What is shown of jobs and images") struct JobViewTests {
  private func job(
    _ status: JobStatus, _ current: Int64, _ total: Int64, error: String? = nil, vm: String? = nil,
    subject: String? = "base"
  ) -> JobReport {
    JobReport(
      id: "7", type: "image-add", status: status, progress: .init(current: current, total: total),
      error: error, vm: vm, lab: vm.map { _ in "shop" }, subject: subject)
  }

  @Test("How far a job is")
  func progress() {
    #expect(JobDisplay.text(job(.running, 512 << 20, 2 << 30)) == "25 % (512 MiB of 2 GiB)")
    #expect(JobDisplay.text(job(.running, 0, 0)) == "running")
    #expect(JobDisplay.text(job(.aborting, 1, 2)) == "aborting")
    // What a QEMU counts is not always bytes.
    #expect(JobDisplay.text(job(.running, 1, 3, vm: "web")) == "33 %")
  }

  @Test("Jobs in a table, and in no word of theirs an order to the terminal")
  func table() {
    let jobs = [
      job(.running, 1, 2), job(.concluded, 2, 2, error: "no\u{1B}[2J\n  Try again."),
      job(.running, 1, 2, vm: "web", subject: nil),
    ]
    let text = Jobs.table(jobs).text(.plain)
    let lines = text.split(separator: "\n").map(String.init)
    #expect(lines[0] == "ID  TYPE       ABOUT     STATUS     PROGRESS           ERROR")
    #expect(lines[1] == "7   image-add  base      running    50 % (1 B of 2 B)")
    #expect(lines[2].hasPrefix("7   image-add  base      concluded") && lines[2].contains("no"))
    #expect(!text.contains("\u{1B}") && !text.contains("Try again"))
    #expect(lines[3] == "7   image-add  shop/web  running    50 %")
  }

  @Test("Images in a table")
  func images() {
    let image = ImageReport(
      name: "base", sha256: "abc", format: "qcow2", sizeBytes: 3 << 20, addedAt: "2026-11-23T06:40:08.123Z",
      file: "/a")
    let lines = ImageList.table([image]).text(.plain).split(separator: "\n").map(String.init)
    #expect(lines[1] == "base  qcow2   3 MiB  2026-11-23T06:40:08.123Z  abc")
  }
}
