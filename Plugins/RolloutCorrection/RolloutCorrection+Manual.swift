import FulcrumKernel

extension RolloutCorrection {
  package static let manual = ComponentManual(
    name: "rollout-correction",
    summary: "repairs a sampler that is not the trainer: A <- w(rho) A, rho = pi_old / pi_rollout",
    source: "fengyao.notion.site/off-policy-rl (TIS); arXiv 2510.18855 (IcePop); TRL and verl",
    formula:
      "A ← clip(ρ, lower, upper) A, or ρ A (mask) or A (reject) inside and 0 outside; ρ = p/π_rollout",
    parameters: [
      .choice(
        "level", default: Level.token.rawValue, of: Level.allCases.map(\.rawValue),
        help: "rho of each token, or the product of its completion's, or their geometric mean"),
      .choice(
        "mode", default: CorrectionWeight.Mode.truncate.rawValue,
        of: CorrectionWeight.Mode.allCases.map(\.rawValue),
        help: "w outside the bounds: the bound (truncate, TIS), or 0 (mask, reject); inside: rho,"
          + " or 1 with reject"),
      .number("lower", default: 0, in: 0...1, help: "the lower bound of rho; 0: none"),
      .number(
        "upper", default: 2, in: 1...Double.infinity,
        help: "the upper bound of rho; 1e9: none, for log rho is held in -20...20"),
      .number(
        "veto", default: 0, in: 0...1,
        help: "a completion with a token of rho below it has w = 0 throughout; 0: none"),
      .flag(
        "mean-normalised", default: false,
        help: "divide the weights by their mean over the batch's tokens, or completions"),
    ])

  /// Names whose ratio a weight is made of.
  enum Level: String, CaseIterable {
    /// Each token's own.
    case token
    /// The product over the completion's tokens: the ratio of the completion.
    case sequence
    /// The geometric mean over the completion's tokens.
    case sequenceMean = "sequence-mean"
  }
}
