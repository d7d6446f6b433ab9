internal import Control
internal import Host
internal import JSON
internal import Machine

// Copies of images for disks of VMs' own.
extension Supervisor {
  /// What a job that tells percent counts to.
  private static let whole: Int64 = 1000

  /// Copies an image, by a job of the VM's; returns when that has ended, with what is to be said where it failed.
  func copyImage(
    _ disk: OwnImage, _ tool: DiskTool?, _ work: ImageWork, for name: VMName
  ) async -> ControlError? {
    let machine = machines[name.id]
    let subject = DiskFolders.disk(of: FileSystem.name(of: disk.path))
    return await withCheckedContinuation { end in
      Task {
        do throws(ControlError) {
          _ = try await jobs.begin(.diskCopy, subject: subject, owner: name) { task in
            task.onCancel { work.cancel() }
            let course = PullCourse()
            course.onMove {
              Task { await machine?.tellCourse() }
            }
            work.onReach { percent in
              let done = Int64(percent * Double(Self.whole) / 100)
              // Whoever cancels it ends the program.
              try? task.reach(done, of: Self.whole)
              course.reach(done, of: Self.whole)
            }
            do throws(ImageFailure) {
              try disk.prepare(tool, work)
            } catch {
              let refusal = error.refusal(disk.key, disk.path, name)
              end.resume(returning: refusal)
              throw error == .cancelled
                ? JobFailure.cancelled
                : .failed(([refusal.reason] + refusal.advice).joined(separator: "\n  "))
            }
            end.resume(returning: nil)
            return [:]
          }
        } catch {
          // It has not begun.
          end.resume(returning: error.refusing("start"))
        }
      }
    }
  }
}
