/// One line of what a model is, for people and for listings: `layers: 30`.
public struct ModelFact: Sendable, Equatable {
  /// Lower case, words joined by hyphens.
  public let name: String
  public let value: ParameterValue

  public init(_ name: String, _ value: ParameterValue) {
    self.name = name
    self.value = value
  }
}
