internal import Glibc

/// A file that is not to be believed: somebody besides root and this user has made it, or can change it.
///
/// What a definition names is run, so another user's file is another user's word on what to run.
package struct UntrustedFile: Error, Sendable, Equatable {
  package enum Reason: Sendable, Equatable {
    case owner(UInt32)
    case writableByGroup(UInt32)
    case writableByAll
  }

  /// The file or folder that was to be used, and its folder, or itself where it is one, without symbolic links.
  package let path: String
  package let folder: String

  /// What is at fault: the file itself, or a folder on the way to it.
  package let place: String
  package let reason: Reason
}

extension UntrustedFile: CustomStringConvertible {
  package var description: String {
    let subject = place == path ? "it" : place
    return switch reason {
    case .owner(let user): "\(path) is not used: \(subject) belongs to the user \(User.name(user))"
    case .writableByGroup(let group):
      "\(path) is not used: the group \(Group.name(group)) can write \(subject)"
    case .writableByAll: "\(path) is not used: every user can write \(subject)"
    }
  }
}

extension FileSystem {
  /// Why a file or folder that is there is not to be believed; nil when only root and this user have a hand in it.
  ///
  /// Looks at it and at each folder on the way to it, as given and without symbolic links: who owns one, or can write
  /// into it, could have put it there. Where a folder has the sticky bit, others cannot replace what is not theirs.
  package static func distrust(of given: String) -> UntrustedFile? {
    SharedQueues.assertMayBlock(given)
    let path = absolute(given, in: currentDirectory)
    // What is not a file, such as a pipe, has no path of its own.
    let resolved = (try? resolved(path)) ?? path
    let folder = isDirectory(resolved) ? resolved : parent(of: resolved)
    var places = [resolved]
    for start in resolved == path ? [resolved] : [resolved, path] {
      var place = start
      while place != "/" {
        place = parent(of: place)
        places.append(place)
      }
      if start != resolved { places.append(start) }
    }
    for place in places {
      guard let reason = reason(against: place) else { continue }
      return UntrustedFile(path: given, folder: folder, place: place == path ? given : place, reason: reason)
    }
    return nil
  }

  private static func reason(against place: String) -> UntrustedFile.Reason? {
    var status = stat()
    guard lstat(place, &status) == 0 else { return nil }  // Not there: nobody's word.
    if status.st_uid != 0, status.st_uid != geteuid() { return .owner(status.st_uid) }
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG || kind == S_IFDIR else { return nil }
    if kind == S_IFDIR, status.st_mode & S_ISVTX != 0 { return nil }
    if status.st_mode & S_IWOTH != 0 { return .writableByAll }
    if status.st_mode & S_IWGRP != 0, !Group.isOwn(status.st_gid) { return .writableByGroup(status.st_gid) }
    return nil
  }
}

/// Users by their numbers; passwd(5).
package enum User {
  package static func name(_ number: UInt32) -> String {
    guard let entry = getpwuid(number), let name = entry.pointee.pw_name else { return "\(number)" }
    return String(cString: name)
  }
}

/// Groups by their numbers; group(5).
package enum Group {
  package static func name(_ number: UInt32) -> String {
    guard let entry = getgrgid(number), let name = entry.pointee.gr_name else { return "\(number)" }
    return String(cString: name)
  }

  /// Whether nobody else is in a group: root's own, or the one that a user has for himself, with his name.
  static func isOwn(_ number: UInt32) -> Bool {
    let user = User.name(geteuid())
    guard let entry = getgrgid(number) else { return number == 0 }
    let members = entry.pointee.gr_mem
    var index = 0
    while let member = members?[index] {
      let name = String(cString: member)
      guard name == user || name == "root" else { return false }
      index += 1
    }
    return number == 0 || entry.pointee.gr_name.map { String(cString: $0) } == user
  }
}
