import Glibc
import Synchronization

/// Tells people what of a checkpoint isn't used, on standard error.
enum CheckpointNotes {
  /// What was told: a policy and its reference read the same folder.
  private static let told = Mutex<Set<String>>([])

  /// Writes each note as a warning, once in this process.
  static func tell(_ notes: [String], of folder: String) {
    for note in notes {
      let line = "warning: \(folder): \(note)\n"
      guard told.withLock({ $0.insert(line).inserted }) else { continue }
      let bytes = Array(line.utf8)
      _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
  }
}
