import Charts
import FulcrumKernel
import Runs
import Settings
import Training

/// A number of a run by which arms are compared.
package enum ArmMeasure: Hashable, Sendable {
  /// A share of held-out items, by its name: the mean over categories.
  case heldOut(String)
  /// The same of the categories that training doesn't have.
  case transfer(String)
  /// The mean over the last fifteenth of the steps, as the two below are.
  case reward
  case entropy
  case length
  /// The share of the lever that belongs to tokens with a probability below a quarter.
  case lever
  case gradientNorm
  case tokens
  case minutes

  /// The numbers of training itself, by which arms are compared beside those of evaluations.
  private static let behaviour: [ArmMeasure] = [.reward, .entropy, .length, .lever]
  /// The numbers that are shown and not compared.
  private static let effort: [ArmMeasure] = [.gradientNorm, .tokens, .minutes]

  /// Lists those of some runs' evaluations, in the order of the first that has any.
  static func evaluated(_ runs: [RunSummary]) -> [ArmMeasure] {
    guard let rows = runs.first(where: { !$0.after.isEmpty })?.after else { return [] }
    let names = (rows.first { !$0.isTransfer } ?? rows.first)?.measures.map(\.name) ?? []
    let own: [ArmMeasure] = rows.contains { !$0.isTransfer } ? names.map { .heldOut($0) } : []
    let transfer = rows.first(where: \.isTransfer)?.measures.map(\.name) ?? []
    return own + transfer.map { .transfer($0) }
  }

  /// Those that tell whether an arm is ahead, and how it behaves.
  static func compared(_ runs: [RunSummary]) -> [ArmMeasure] {
    evaluated(runs)
      + behaviour.filter { measure in
        runs.contains { measure.value(of: $0) != nil }
      }
  }

  /// All of them, for a table with an arm a row.
  static func all(_ runs: [RunSummary]) -> [ArmMeasure] {
    compared(runs)
      + effort.filter { measure in
        runs.contains { measure.value(of: $0) != nil }
      }
  }

  /// Refuses a name that is none of some measures'.
  ///
  /// - Parameter option: the option of the command line that has the name.
  /// - Throws: `.usage`, with the names that there are.
  package static func check(_ name: String, of option: String, among names: [String])
    throws(FulcrumError)
  {
    guard !names.contains(name) else { return }
    throw FulcrumError(
      .usage, "expected a measure of these runs, got '\(name)'", at: option,
      hint: "they have " + names.map { "'\($0)'" }.joined(separator: ", "))
  }

  /// The measure can choose values of a key: more of it is better.
  package var isGoal: Bool {
    switch self {
    case .heldOut, .transfer, .reward: true
    default: false
    }
  }

  var isTransfer: Bool { if case .transfer = self { true } else { false } }

  /// Lists all that runs of a configuration will have, before any is trained.
  ///
  /// - Parameters:
  ///   - rewards: the names of the reward functions in metrics, the first one's first.
  ///   - hasTransfer: whether tasks are evaluated that training doesn't have.
  package static func planned(
    _ evaluation: EvaluationSettings, rewards: [String], hasTransfer: Bool
  ) -> [ArmMeasure] {
    let kinds =
      evaluation.items == 0
      ? [] : Evaluation.Measure.Kind.planned(evaluation, rewards: rewards)
    let heldOut = kinds.map { ArmMeasure.heldOut($0.name) }
    let transfer = hasTransfer ? kinds.map { ArmMeasure.transfer($0.name) } : []
    return heldOut + transfer + behaviour + effort
  }

  package func value(of run: RunSummary) -> Double? {
    switch self {
    case .heldOut(let name): Self.mean(name, run.after.filter { !$0.isTransfer })
    case .transfer(let name): Self.mean(name, run.after.filter(\.isTransfer))
    case .reward: run.reward?.last
    case .entropy: run.entropy?.last
    case .length: run.length?.last
    case .lever: run.lever.first
    case .gradientNorm: run.gradientNorm
    case .tokens: run.tokens > 0 ? Double(run.tokens) : nil
    case .minutes: run.seconds > 0 ? run.seconds / 60 : nil
    }
  }

  /// Returns the mean over categories; `nil`: there is none, or one lacks it.
  private static func mean(_ name: String, _ rows: [RunSummary.Row]) -> Double? {
    let shares = rows.compactMap { row in row.measures.first { $0.name == name }?.mean }
    return shares.isEmpty || shares.count < rows.count ? nil : Statistics.mean(shares)
  }

  /// The measure's name in data.
  package var name: String {
    switch self {
    case .heldOut(let name): name
    case .transfer(let name): ComponentChoice.transferLabel + " " + name
    case .reward: "reward"
    case .entropy: "entropy"
    case .length: "length"
    case .lever: "lever<.25"
    case .gradientNorm: "grad norm"
    case .tokens: "tokens"
    case .minutes: "minutes"
    }
  }

  /// What the number is, in words.
  var title: String {
    switch self {
    case .heldOut("greedy"): "held-out greedy accuracy"
    case .heldOut(let name): "held-out \(name)"
    case .transfer(let name): "\(name) on what training doesn’t have"
    case .reward: "reward of the last steps"
    case .entropy: "entropy of the last steps, nats"
    case .length: "length of the last steps, tokens"
    case .lever: "share of the lever below ¼"
    case .gradientNorm: "mean gradient norm"
    case .tokens: "tokens of completions"
    case .minutes: "minutes of training"
    }
  }

  /// Whether its differences are in percentage points.
  var isShare: Bool {
    switch self {
    case .heldOut, .transfer, .lever: true
    default: false
    }
  }

  func text(_ value: Double) -> String {
    let text =
      switch self {
      case .heldOut, .transfer, .lever: NumberText.fixed(100 * value, decimals: 1)
      case .length, .minutes: NumberText.fixed(value, decimals: 1)
      case .reward, .entropy, .gradientNorm: NumberText.fixed(value)
      case .tokens: NumberText.fixed(value, decimals: 0)
      }
    // Nothing is less than nothing.
    return Self.isZero(text) && text.hasPrefix("−") ? String(text.dropFirst()) : text
  }

  private static func isZero(_ text: String) -> Bool {
    !text.contains { ("1"..."9").contains($0) }
  }

  /// Returns a difference with its sign.
  func text(ofDifference value: Double) -> String {
    let text = text(value)
    return value > 0 && !Self.isZero(text) ? "+" + text : text
  }

  /// Returns a mean with its interval, where it has one.
  func text(_ mean: SeedMean, isDifference: Bool = false) -> String {
    let write = isDifference ? text(ofDifference:) : text(_:)
    guard let interval = mean.interval else { return write(mean.mean) }
    return write(mean.mean) + " (" + write(interval.lowerBound) + " to "
      + write(interval.upperBound) + ")"
  }
}
