internal import Control
internal import Host
internal import JSON
internal import Machine
internal import Synchronization

/// A VM's wait for a download.
final class ImageWait: Sendable {
  let image: RemoteImage
  private let course = Mutex<PullCourse?>(nil)

  init(_ image: RemoteImage) { self.image = image }

  fileprivate func follow(_ course: PullCourse) { self.course.withLock { $0 = course } }

  /// `45 %`; nil where that is not known.
  var words: String? { course.withLock { $0?.percent }.map { "\($0) %" } }
}

/// A download under way: one for all who want that image.
struct Pull {
  fileprivate struct Waiter {
    let wait: ImageWait
    let machine: VirtualMachine
    let end: CheckedContinuation<JobFailure?, Never>
  }

  fileprivate let course = PullCourse()

  /// The image's name, where a person has given one.
  fileprivate let name: String?

  /// Whether a person has asked for it: then it goes on though no VM waits any more.
  fileprivate var isAsked: Bool

  /// Nil until the job has begun.
  fileprivate var job: String?

  /// Whether nobody wanted it any more: who comes now waits for its end, and begins another.
  fileprivate var isAbandoned = false
  fileprivate var waiters: [Waiter] = []

  /// Who waits for its job to begin.
  fileprivate var observers: [CheckedContinuation<Void, Never>] = []
  fileprivate var successors: [CheckedContinuation<Void, Never>] = []

  fileprivate init(name: String?, isAsked: Bool) { (self.name, self.isAsked) = (name, isAsked) }
}

// Downloads: the command, and the VMs that wait for one.
extension Supervisor {
  func pullImage(_ source: JSONObject, as name: String?) async throws(ControlError) -> JobReport {
    let image = try Self.remoteImage(source)
    if let name, let fault = ImageName.fault(in: name) {
      throw ControlError(
        .failed, "an image cannot be called '\(name)': \(fault)", advice: ["--name gives it another name."])
    }
    while let pull = pulls[image] {
      guard let job = pull.job else {
        await withCheckedContinuation { pulls[image]?.observers.append($0) }
        continue
      }
      let report = try await jobs.report(job)
      // Of one that is over it is not heard yet.
      if !report.status.isOver, !pull.isAbandoned {
        guard name == nil || name == pull.name else {
          throw ControlError(
            .failed, "\(image.shown) is being downloaded already, by job \(report.id)",
            advice: ["Give the command again when that is done."])
        }
        pulls[image]?.isAsked = true
        return report
      }
      await endOfPull(image)
    }
    claim(image, name, isAsked: true)
    return try await begin(image, name, for: .person)
  }

  private static func remoteImage(_ source: JSONObject) throws(ControlError) -> RemoteImage {
    do {
      return try RemoteImage(json: .object(source))
    } catch {
      let words = (error as? RemoteImage.Fault).map { "'\($0.key)': \($0.why)" } ?? "\(error)"
      throw ControlError(.failed, "Invalid parameter \(words)")
    }
  }

  /// Returns with why it has none when the image is in the store, or cannot be; nil also where nobody waits any more.
  func awaitImage(_ wait: ImageWait, for machine: VirtualMachine) async -> JobFailure? {
    let image = wait.image
    while pulls[image]?.isAbandoned == true { await endOfPull(image) }
    if pulls[image] == nil {
      claim(image, nil, isAsked: false)
      // Where it cannot begin, those who wait are told.
      Task { try? await self.begin(image, nil, for: .virtualMachine) }
    }
    return await withCheckedContinuation { end in
      guard let course = pulls[image]?.course else { return end.resume(returning: nil) }
      wait.follow(course)
      pulls[image]?.waiters.append(Pull.Waiter(wait: wait, machine: machine, end: end))
    }
  }

  /// A VM wants it no more; nor does anybody else, if it was the last.
  func leave(_ wait: ImageWait) {
    let image = wait.image
    guard let index = pulls[image]?.waiters.firstIndex(where: { $0.wait === wait }) else { return }
    pulls[image]?.waiters.remove(at: index).end.resume(returning: nil)
    abandonIfUnwanted(image)
  }

  private func abandonIfUnwanted(_ image: RemoteImage) {
    guard let pull = pulls[image], pull.waiters.isEmpty, !pull.isAsked, let job = pull.job else { return }
    pulls[image]?.isAbandoned = true
    // One that has ended meanwhile needs no end.
    Task { _ = try? await jobs.cancel(job) }
  }

  /// From here on everybody who wants it finds this one.
  private func claim(_ image: RemoteImage, _ name: String?, isAsked: Bool) {
    let pull = Pull(name: name, isAsked: isAsked)
    pulls[image] = pull
    pull.course.onMove { [weak self] in
      Task { await self?.tellCourse(of: image) }
    }
  }

  @discardableResult
  private func begin(
    _ image: RemoteImage, _ name: String?, for user: PullUser
  ) async throws(ControlError) -> JobReport {
    guard let course = pulls[image]?.course else {
      throw ControlError(.failed, "\(image.shown): nobody wants it any more")
    }
    do throws(ControlError) {
      try await images.prepare()
      let work = images.pulling(image, as: name, for: user, course)
      let job = try await jobs.begin(.imagePull, subject: name ?? image.shown) { task in
        let result = Result { try work(task) }
        let failure: JobFailure? = if case .failure(let error) = result { JobFailure(error) } else { nil }
        Task { await self.endPull(image, failure) }
        return try result.get()
      }
      pulls[image]?.job = job.id
      for observer in pulls[image]?.observers ?? [] { observer.resume() }
      pulls[image]?.observers = []
      abandonIfUnwanted(image)
      return job
    } catch {
      endPull(image, .failed(([error.reason] + error.advice).joined(separator: "\n  ")))
      throw error
    }
  }

  private func endPull(_ image: RemoteImage, _ failure: JobFailure?) {
    guard let pull = pulls.removeValue(forKey: image) else { return }
    for waiter in pull.waiters { waiter.end.resume(returning: failure) }
    for observer in pull.observers + pull.successors { observer.resume() }
  }

  private func endOfPull(_ image: RemoteImage) async {
    await withCheckedContinuation { end in
      guard pulls[image] != nil else { return end.resume() }
      pulls[image]?.successors.append(end)
    }
  }

  private func tellCourse(of image: RemoteImage) {
    for waiter in pulls[image]?.waiters ?? [] {
      let machine = waiter.machine
      Task { await machine.tellCourse() }
    }
  }
}
