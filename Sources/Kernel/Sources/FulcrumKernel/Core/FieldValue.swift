/// A value in a row of a task's data, as JSON has them.
public indirect enum FieldValue: Sendable, Equatable {
  case text(String)
  case number(Double)
  /// A number that is written without fraction and exponent, and fits.
  case integer(Int)
  case flag(Bool)
  case list([FieldValue])
  case object([String: FieldValue])
  case null
}
