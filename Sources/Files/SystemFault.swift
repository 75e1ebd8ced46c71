import Foundation
import FulcrumKernel

/// Says what the system refused to do, with the remedy for the reason that it gave.
package enum SystemFault {
  /// The remedy where the reason doesn't suggest a better one.
  package static let remedy = "check that the disk has room and that you may write there"

  /// - Parameter number: the reason. The default is `errno`, so call this first after the failed
  ///   call.
  package static func error(_ action: String, _ path: String, _ number: Int32 = errno)
    -> FulcrumError
  {
    FulcrumError(
      .inputOutput, "could not \(action): \(reason(number))", at: path, hint: remedy(number))
  }

  /// Returns the system's own words for a reason.
  package static func reason(_ number: Int32 = errno) -> String {
    String(cString: strerror(number))
  }

  private static func remedy(_ number: Int32) -> String {
    switch number {
    case ENOSPC, EDQUOT: "make room on that disk, or raise the quota"
    case EFBIG: "raise the limit on the size of files ('ulimit -f')"
    case EACCES, EPERM, EROFS: "make the directory writable, or take another one"
    case ENOTDIR: "a file lies where a folder should be: move it away, or take another directory"
    default: remedy
    }
  }
}
