/// The words of a check's child process to its parent, each a line of its report.
enum ForeignReport {
  /// Announces what the child does next: `next loading`, `next 0 end`, `next 0 beginning`.
  static let next = "next"
  /// Names the memory that the function touched; the signal's handler says it.
  static let touched = "touched"
  /// Tells what is wrong, in one sentence.
  static let fault = "fault"
  /// Tells the remedy of the fault before.
  static let hint = "hint"
  /// Ends a check that found nothing.
  static let sound = "sound"
}
