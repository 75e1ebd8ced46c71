import Foundation

/// The limits that keep a plugin under check from harming the machine.
package enum CheckLimits {
  /// The longest that a check may take, in seconds.
  package static let seconds = 20.0
  /// The address space of a worker, in bytes: an endless allocation ends here and not with the machine.
  static let memory: UInt64 = 8 << 30

  /// Limits this process, which is about to run code that nobody has seen.
  package static func apply() {
    var memory = rlimit(rlim_cur: rlim_t(memory), rlim_max: rlim_t(memory))
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &memory)
    // Crashes are expected here, so no core files.
    var core = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &core)
  }
}
