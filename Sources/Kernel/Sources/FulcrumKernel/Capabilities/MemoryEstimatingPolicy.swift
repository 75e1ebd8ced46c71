/// What a step asks of a policy's memory, as far as a configuration tells it.
public struct MemoryDemand: Sendable {
  /// Tokens of the longest prompt that is known.
  public let promptTokens: Int
  /// The most tokens of a completion.
  public let completionTokens: Int
  /// Completions that are sampled at the same time, at most.
  public let completions: Int
  /// Whether there is a reference policy.
  public let hasReference: Bool

  public init(promptTokens: Int, completionTokens: Int, completions: Int, hasReference: Bool) {
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
    self.completions = completions
    self.hasReference = hasReference
  }
}

/// A part of the memory that a policy will take.
public struct MemoryPart: Sendable, Equatable {
  /// What it holds, for a listing: `optimiser's moments, f32`.
  public let name: String
  public let bytes: Int

  public init(_ name: String, bytes: Int) {
    self.name = name
    self.bytes = bytes
  }
}

/// A policy that knows what memory it will take before it has read its weights.
public protocol MemoryEstimatingPolicy: PolicyModel {
  /// The parts of the memory that each of its processes takes at a step's peak, on the device where the
  /// model is. A sum over parts is an upper estimate, not a measurement.
  func memory(for demand: MemoryDemand) throws(FulcrumError) -> [MemoryPart]
}
