/// What a policy says of adjacent sequences' completion tokens: three columns, borrowed.
///
/// - Unit: log-probabilities and entropies in nats, at the temperature of the request; levers are
///   ‖e_token − π‖₂, between 0 and √2.
public struct TokenScores: ~Escapable {
  public let logProbabilities: Span<Float>
  public let entropies: Span<Float>
  public let levers: Span<Float>

  @_lifetime(copy logProbabilities, copy entropies, copy levers)
  public init(
    logProbabilities: Span<Float>, entropies: Span<Float>, levers: Span<Float>
  ) {
    self.logProbabilities = logProbabilities
    self.entropies = entropies
    self.levers = levers
  }
}
