import FulcrumKernel
import PluginHost
import YAML

/// Reads a manifest's worked examples and checks that all that the function needs is there.
struct ExampleReader {
  let kind: HostComponent.Kind
  /// The quantities that the function's arguments are bound to.
  let quantities: Set<ForeignQuantity>
  let parameters: [Parameter]
  let phases: [String]

  /// - Throws: `.configuration`, with the key path as location.
  func read(_ section: ManifestSection, line: Int?) throws(FulcrumError) -> ForeignExample {
    try section.check(["given", "expect", "tolerance"])
    guard let node = section.entries["given"] else {
      throw section.refuse("given", "expected what the function is given, got nothing")
    }
    let given = try ManifestSection(node, path: section.place("given"))
    let tolerance = try section.number("tolerance") ?? ForeignExample.defaultTolerance
    guard tolerance >= 0 else {
      throw section.refuse("tolerance", "expected at least 0, got \(tolerance)")
    }
    let seed = try given.integer("seed") ?? 0
    guard seed >= 0 else { throw given.refuse("seed", "expected at least 0, got \(seed)") }
    let values = try parameterValues(given)
    if kind == .reward {
      let reward = try section.required("expect", try section.number("expect"), "the reward")
      return ForeignExample(
        given: .sample(try sample(given)), parameters: values, seed: UInt64(seed),
        expectations: [.init(name: "reward", values: [reward])], tolerance: tolerance, line: line)
    }
    let batch = try self.batch(given)
    return ForeignExample(
      given: .batch(batch), parameters: values, seed: UInt64(seed),
      expectations: try expectations(section, tokens: batch.tokenCount), tolerance: tolerance,
      line: line)
  }

  private func parameterValues(
    _ given: ManifestSection
  ) throws(FulcrumError) -> [String: ParameterValue] {
    var values: [String: ParameterValue] = [:]
    let place = given.place("parameters")
    if let node = given.entries["parameters"] {
      for (name, value) in try ManifestSection(node, path: place).entries {
        values[name] = value.parameterValue
      }
    }
    do throws(FulcrumError) {
      _ = try Parameters(values, for: parameters, at: place)
    } catch {
      throw FulcrumError(.configuration, error.message, at: error.location, hint: error.hint)
    }
    return values
  }

  private func sample(_ given: ManifestSection) throws(FulcrumError) -> RewardSample {
    try given.check([
      "prompt", "completion", "answer", "id", "is-finished", "token-count", "token-limit",
      "parameters",
      "seed",
    ])
    for (text, length) in [
      (ForeignQuantity.prompt, ForeignQuantity.promptLength), (.completion, .completionLength),
      (.answer, .answerLength),
    ] where quantities.contains(text) || quantities.contains(length) {
      _ = try given.required(text.rawValue, try given.text(text.rawValue), "a text")
    }
    return RewardSample(
      prompt: try given.text("prompt") ?? "", completion: try given.text("completion") ?? "",
      answer: try given.text("answer") ?? "", isFinished: try given.flag("is-finished") ?? true,
      tokenCount: try given.integer("token-count"), tokenLimit: try given.integer("token-limit"),
      id: try given.text("id") ?? "")
  }

  /// The arrays that an example of this kind can give.
  private var arrays: [ForeignQuantity] {
    let known = ForeignQuantity.all(for: kind)
    // A column with an argument is not listed with it.
    return (known + quantities.subtracting(known).sorted { $0.rawValue < $1.rawValue }).filter {
      $0.types(for: kind)?.first?.elementSize != nil
        && ![.weights, .losses, .masks, .sequenceOffsets, .groupOffsets, .minibatchOffsets]
          .contains($0)
    }
  }

  private func batch(_ given: ManifestSection) throws(FulcrumError) -> ExampleBatch {
    let isSlice = kind == .policyObjective
    try given.check(
      arrays.map(\.rawValue) + ["lengths", "step", "parameters", "seed"]
        + (isSlice
          ? ["update", "minibatch-token-count", "minibatch-sequence-count"]
          : ["groups", "minibatches"]))
    let lengths = try given.required(
      "lengths", try given.integers("lengths"), "the number of tokens of each sequence")
    guard !lengths.isEmpty, lengths.allSatisfy({ (0...1 << 20).contains($0) }) else {
      throw given.refuse(
        "lengths", "expected numbers of tokens in 0...1048576, at least one", hint: "[3, 2]")
    }
    let tokens = lengths.reduce(0, +)
    var values: [ForeignQuantity: [Double]] = [:]
    for quantity in arrays {
      guard let own = try given.numbers(quantity.rawValue) else {
        // These two have a meaning when nothing is said of them.
        guard quantities.contains(quantity), quantity != .isFinished, quantity != .shares else {
          continue
        }
        throw given.refuse(
          quantity.rawValue, "expected numbers, because an argument is bound to it, got nothing")
      }
      let isTokens = quantity.count == .tokenCount
      let width = quantity.column(for: kind)?.statistic.width ?? 1
      let wanted = isTokens ? tokens * width : lengths.count
      guard own.count == wanted else {
        throw given.refuse(
          quantity.rawValue,
          "expected \(wanted) values, \(width == 1 ? "one" : "\(width)") for each"
            + " \(isTokens ? "token" : "sequence"),"
            + " got \(own.count)")
      }
      if quantity == .tokens, let odd = own.first(where: { Int32(exactly: $0) == nil }) {
        throw given.refuse("tokens", "expected 32-bit whole numbers, got \(odd)")
      }
      values[quantity] = own
    }
    return ExampleBatch(
      lengths: lengths, groups: try parts(given, "groups", of: lengths.count),
      minibatches: try parts(given, "minibatches", of: lengths.count), arrays: values,
      step: UInt32(try count(given, "step", else: 1)),
      update: UInt32(try count(given, "update", else: 0)),
      minibatchTokenCount: try count(given, "minibatch-token-count", else: tokens),
      minibatchSequenceCount: try count(given, "minibatch-sequence-count", else: lengths.count))
  }

  private func count(_ given: ManifestSection, _ key: String, else other: Int)
    throws(FulcrumError) -> Int
  {
    let value = try given.integer(key) ?? other
    guard (0...Int(UInt32.max)).contains(value) else {
      throw given.refuse(key, "expected a count, got \(value)")
    }
    return value
  }

  /// Returns the sizes of the parts that sequences are divided into; one part if nothing is said.
  private func parts(_ given: ManifestSection, _ key: String, of count: Int)
    throws(FulcrumError) -> [Int]
  {
    let parts = try given.integers(key) ?? [count]
    guard parts.allSatisfy({ $0 > 0 && $0 <= count }), parts.reduce(0, +) == count else {
      throw given.refuse(
        key, "expected numbers of sequences that add up to \(count), got \(parts)")
    }
    return parts
  }

  private func expectations(
    _ section: ManifestSection, tokens: Int
  ) throws(FulcrumError) -> [ForeignExample.Expectation] {
    let names: [String] =
      switch kind {
      case .updateScheduler: phases
      case .policyObjective: ["weights", "losses"]
      default: ["advantages"]
      }
    guard let node = section.entries["expect"] else {
      throw section.refuse(
        "expect", "expected what the function gives: " + names.joined(separator: ", "))
    }
    let expect = try ManifestSection(node, path: section.place("expect"))
    try expect.check(names)
    var expectations: [ForeignExample.Expectation] = []
    for name in names {
      let values = try expect.required(
        name, try expect.numbers(name), "\(tokens) values, one for each token")
      guard values.count == tokens else {
        throw expect.refuse(
          name, "expected \(tokens) values, one for each token, got \(values.count)")
      }
      expectations.append(.init(name: name, values: values))
    }
    return expectations
  }
}
