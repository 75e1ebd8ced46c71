extension ClippedSurrogate {
  /// Returns a token's term of the surrogate alone: slope r A where the ratio is unclipped, else 0.
  package func term(of token: RatioToken) -> TokenTerm {
    let branch = branch(ratio: token.ratio, advantage: token.advantage)
    return TokenTerm(
      slope: branch == .unclipped ? token.ratio * token.advantage : 0,
      value: value(ratio: token.ratio, advantage: token.advantage, branch: branch), branch: branch)
  }
}
