/// The words of a check's child process to its parent, each a line of its report.
enum ForeignReport {
  /// What it does next: `next loading`, `next 0 end`, `next 0 beginning`.
  static let next = "next"
  /// What the function touched, said by the signal's handler.
  static let touched = "touched"
  /// One sentence.
  static let fault = "fault"
  /// The remedy of the fault before.
  static let hint = "hint"
  /// The last word of a check that found nothing.
  static let sound = "sound"
}
