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

/// A policy that can say what it is made of.
public protocol DescribedPolicy: PolicyModel {
  /// A description of the model, line by line: family, sizes, how it is stored, end tokens.
  var facts: [ModelFact] { get }
  var parameterCount: Int { get }
}
