/// What a shell offers where an argument or an option's value is typed, besides the words that alone are taken.
enum Completion: Sendable, Equatable {
  case nothing
  case files
  case vms

  /// VMs, and labs, which stand for theirs.
  case vmsAndLabs
  case profiles

  /// The names of the image store.
  case images
  case imagesAndFiles
  case networks
  case jobs

  case folders

  var hasFiles: Bool { self == .files || self == .folders || self == .imagesAndFiles }
}
