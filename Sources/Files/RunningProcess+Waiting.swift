import Foundation

/// Tells a program that can do nothing without more input from one that works.
extension RunningProcess {
  /// Whether the program, and all that it has started in its group, waits: one thread for the
  /// program's input, each other one for that too, for a lock without a limit of time, or for a
  /// child's end.
  ///
  /// The kernel says which system call each thread is in. `false` where it doesn't.
  package var waitsForInput: Bool {
    guard hasOwnGroup, end == nil, let pipe = Self.target("/proc/self/fd/\(input)") else {
      return false
    }
    var isReading = false
    // The program itself first: where it works, which is the rule, nobody else is looked for.
    guard Self.waits(id, for: pipe, &isReading) else { return false }
    for process in Self.members(ofGroup: id) where process != id {
      guard Self.waits(process, for: pipe, &isReading) else { return false }
    }
    return isReading
  }

  /// Tells whether all threads of a process wait.
  private static func waits(_ process: pid_t, for pipe: String, _ isReading: inout Bool) -> Bool {
    let threads = FileSystem.names(inFolder: "/proc/\(process)/task") ?? []
    for thread in threads {
      guard let call = SystemCall(thread: thread, of: process) else { return false }
      switch call.number {
      case SystemCall.read where target("/proc/\(process)/fd/\(call.arguments[0])") == pipe:
        isReading = true
      case SystemCall.futex where call.arguments[3] == 0: break
      case SystemCall.wait4: break
      default: return false
      }
    }
    return !threads.isEmpty
  }

  private static func members(ofGroup group: pid_t) -> [pid_t] {
    (FileSystem.names(inFolder: "/proc") ?? []).compactMap { pid_t($0) }
      .filter { ProcessStatus(of: $0)?.group == group }
  }

  /// Holds the system call that a thread is blocked in.
  private struct SystemCall {
    let number: UInt64
    let arguments: [UInt64]

    #if arch(arm64)
      static let (read, futex, wait4): (UInt64, UInt64, UInt64) = (63, 98, 260)
    #else
      static let (read, futex, wait4): (UInt64, UInt64, UInt64) = (0, 202, 61)
    #endif

    /// - Returns: `nil` for a thread that runs, or that is no more, or of which nothing is said.
    init?(thread: String, of process: pid_t) {
      let fields = RunningProcess.text("/proc/\(process)/task/\(thread)/syscall")
        .split(whereSeparator: \.isWhitespace)
      guard fields.count >= 7, let number = UInt64(fields[0]) else { return nil }
      let arguments = fields[1...6].compactMap { UInt64($0.dropFirst(2), radix: 16) }
      guard arguments.count == 6 else { return nil }
      self.number = number
      self.arguments = arguments
    }
  }

  private static func text(_ path: String) -> String {
    String(decoding: (try? FileSystem.contents(of: path).bytes) ?? [], as: UTF8.self)
  }

  private static func target(_ path: String) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: path)
  }
}
