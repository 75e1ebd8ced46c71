import FulcrumKernel
import JSON

/// Reads rotary positions from `config.json`.
extension ConfigFile {
  private static let supportedTypes =
    "this policy computes the types default, linear, llama3 and yarn"

  struct Rope: Equatable {
    let theta: Double
    let scaling: RopeScaling
  }

  /// Reads `rope_theta` and `rope_scaling`, which transformers 4 writes, or `rope_parameters` of
  /// version 5, or all of them where they agree.
  ///
  /// - Throws: `.unsupported` for a type or a key that isn't computed, `.checkpoint` for a value
  ///   that is wrong or a contradiction.
  func rope(contextLength: Int) throws(FulcrumError) -> Rope {
    var found: Rope?
    for name in ["rope_scaling", "rope_parameters"] where json.present(name) != nil {
      let rope = try rope(in: name, contextLength: contextLength)
      guard found == nil || found == rope else {
        throw FulcrumError(
          .checkpoint, "rope_scaling and rope_parameters contradict each other", at: path,
          hint: "remove the one that the model was not trained with")
      }
      found = rope
    }
    if let found { return found }
    return Rope(theta: try number("rope_theta", default: Self.defaultTheta), scaling: .none)
  }

  private static let defaultTheta = 10_000.0

  private func rope(in name: String, contextLength: Int) throws(FulcrumError) -> Rope {
    let value = json.present(name) ?? .null
    guard value.members != nil else { throw wrong(name, "an object", value) }
    let fields = Fields(file: self, name: name, value: value)
    let theta = try theta(fields)
    let kind = try fields.kind()
    let known: [String]
    switch kind {
    case "default": known = [Fields.originalKey]
    case "linear": known = ["factor", Fields.originalKey]
    case "llama3":
      known = ["factor", "low_freq_factor", "high_freq_factor", Fields.originalKey]
    case "yarn":
      known = [
        "factor", Fields.originalKey, "attention_factor", "beta_fast", "beta_slow", "mscale",
        "mscale_all_dim", "truncate",
      ]
    default:
      throw unsupported("\(name) has rope_type \"\(kind)\"", hint: Self.supportedTypes)
    }
    try fields.refuse(allBut: known)
    switch kind {
    case "linear":
      return Rope(theta: theta, scaling: .linear(factor: try fields.positive("factor")))
    case "llama3":
      return Rope(theta: theta, scaling: .llama3(try fields.llama3(contextLength: contextLength)))
    case "yarn":
      return Rope(theta: theta, scaling: .yarn(try fields.yarn(contextLength: contextLength)))
    default: return Rope(theta: theta, scaling: .none)
    }
  }

  private func theta(_ fields: Fields) throws(FulcrumError) -> Double {
    guard let inner = try fields.number("rope_theta") else {
      return try number("rope_theta", default: Self.defaultTheta)
    }
    let outer = try number("rope_theta", default: inner)
    guard outer == inner else {
      throw FulcrumError(
        .checkpoint, "rope_theta is \(outer), but \(inner) in \(fields.name)", at: path)
    }
    return inner
  }
}

/// Reads the members of `rope_scaling` or `rope_parameters`.
private struct Fields {
  static let originalKey = "original_max_position_embeddings"
  /// The keys that some published files have and transformers ignores: a note on how the model came to
  /// be.
  private static let ignored = ["finetuned"]

  let file: ConfigFile
  let name: String
  let value: JSONValue

  /// Returns `rope_type`, or `type` as older files have it.
  func kind() throws(FulcrumError) -> String {
    let new = value.present("rope_type")
    let old = value.present("type")
    if let new, let old, new != old {
      throw FulcrumError(
        .checkpoint, "\(name) has rope_type \(new.excerpt), but type \(old.excerpt)",
        at: file.path)
    }
    guard let kind = new ?? old else { return "default" }
    guard let text = kind.text else { throw file.wrong("\(name).rope_type", "a text", kind) }
    return text
  }

  func refuse(allBut known: [String]) throws(FulcrumError) {
    for member in value.members ?? [] where member.value != .null {
      switch member.key {
      case "rope_theta", "rope_type", "type": break
      case "partial_rotary_factor" where member.value.double == 1: break
      case let key where known.contains(key) || Self.ignored.contains(key): break
      default: throw file.unsupported("\(name) has \(member.key) \(member.value.excerpt)")
      }
    }
  }

  func number(_ key: String) throws(FulcrumError) -> Double? {
    guard let found = value.present(key) else { return nil }
    guard let number = found.double else {
      throw file.wrong("\(name).\(key)", "a number", found)
    }
    return number
  }

  func positive(_ key: String) throws(FulcrumError) -> Double {
    guard let number = try number(key), number > 0, number.isFinite else {
      throw file.wrong("\(name).\(key)", "a positive number", value.present(key))
    }
    return number
  }

  /// Returns the original context in tokens; if it is absent, the model's own context, as in
  /// transformers.
  private func originalContextLength(_ contextLength: Int) throws(FulcrumError) -> Int {
    let inner = value.present(Self.originalKey)
    let found = inner ?? file.json.present(Self.originalKey)
    guard let length = found.map(\.integer) ?? contextLength, length > 0 else {
      throw file.wrong("\(name).\(Self.originalKey)", "a positive integer", found)
    }
    let outer = try file.size(Self.originalKey, default: length)
    guard outer == length else {
      throw FulcrumError(
        .checkpoint, "\(Self.originalKey) is \(outer), but \(length) in \(name)", at: file.path)
    }
    return length
  }

  func llama3(contextLength: Int) throws(FulcrumError) -> RopeScaling.Llama3 {
    let low = try positive("low_freq_factor")
    let high = try positive("high_freq_factor")
    guard high > low else {
      throw FulcrumError(
        .checkpoint,
        "\(name).high_freq_factor must be above low_freq_factor, got \(high) and \(low)",
        at: file.path)
    }
    return RopeScaling.Llama3(
      factor: try positive("factor"), lowFrequencyFactor: low, highFrequencyFactor: high,
      originalContextLength: try originalContextLength(contextLength))
  }

  func yarn(contextLength: Int) throws(FulcrumError) -> RopeScaling.Yarn {
    let original = try originalContextLength(contextLength)
    let factor =
      value["factor"] == .null
      // As in transformers: `_compute_yarn_parameters`.
      ? Double(contextLength) / Double(original) : try positive("factor")
    // A zero counts as absent in transformers, here and below.
    let weights = try [number("mscale") ?? 0, number("mscale_all_dim") ?? 0]
    let inferred =
      weights.contains(0)
      ? RopeScaling.Yarn.growth(factor: factor)
      : RopeScaling.Yarn.growth(factor: factor, weight: weights[0])
        / RopeScaling.Yarn.growth(factor: factor, weight: weights[1])
    let fast = try number("beta_fast") ?? 0
    let slow = try number("beta_slow") ?? 0
    let truncate = value.present("truncate")
    guard let isTruncated = truncate.map(\.bool) ?? true else {
      throw file.wrong("\(name).truncate", "true or false", truncate)
    }
    let yarn = RopeScaling.Yarn(
      factor: factor, originalContextLength: original,
      attentionFactor: try number("attention_factor") ?? inferred,
      fastTurns: fast == 0 ? 32 : fast, slowTurns: slow == 0 ? 1 : slow,
      isTruncated: isTruncated)
    guard yarn.slowTurns > 0, yarn.fastTurns >= yarn.slowTurns else {
      throw FulcrumError(
        .checkpoint,
        "\(name).beta_fast must be at least beta_slow, got \(yarn.fastTurns) and"
          + " \(yarn.slowTurns)", at: file.path)
    }
    guard yarn.attentionFactor > 0, yarn.attentionFactor.isFinite else {
      throw file.wrong(
        "\(name).attention_factor", "a positive number", value.present("attention_factor"))
    }
    return yarn
  }
}
