import Foundation

/// Measures the memory of this process.
enum ProcessMemory {
  /// The most memory that the process has held so far, in bytes.
  static var peakBytes: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }
}
