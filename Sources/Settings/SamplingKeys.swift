import FulcrumKernel
import Training

/// The keys that `rollout` and `evaluation` share: what sampling is limited by.
enum SamplingKeys {
  /// - Parameter stopHelp: what a section without stop strings does.
  static func schema(stopHelp: String) -> [Parameter] {
    [
      .integer(
        "top-k", default: 0, in: 0...10_000_000,
        help: "draw from so many most likely tokens; 0: all"),
      .number(
        "top-p", default: 1, in: 0...1,
        help: "then from the most likely tokens that add up to this share; 1: all"),
      .number(
        "min-p", default: 0, in: 0...1,
        help: "then from tokens of at least this share of the largest probability; 0: all"),
      .integer(
        "min-new-tokens", default: 0, in: 0...1_000_000,
        help: "nothing ends a completion within its first so many tokens"),
      .texts(
        "stop", default: [],
        help:
          "texts that end a completion, which keeps them, beside the end token; []: \(stopHelp)"),
    ]
  }

  static func options(_ values: Parameters) throws(FulcrumError) -> SamplingOptions {
    var options = SamplingOptions()
    options.topK = try values.integer("top-k")
    options.topP = try values.number("top-p")
    options.minP = try values.number("min-p")
    options.minimumTokens = try values.integer("min-new-tokens")
    options.stopStrings = try values.texts("stop")
    // As the policies get it: the least Float above 0 is far below any sensible share.
    guard Float(options.topP) > 0 else {
      throw values.refuse(
        "top-p", "expected a share above 0, got \(options.topP)", hint: "1 draws from all tokens")
    }
    do throws(FulcrumError) {
      _ = try StopMatcher(options.stopStrings)
    } catch {
      throw values.refuse("stop", error.message, hint: error.hint)
    }
    return options
  }

  /// - Parameters:
  ///   - limit: the longest completion, in tokens.
  ///   - source: the key that says so.
  static func checkLength(
    _ options: SamplingOptions, atMost limit: Int, _ source: String, _ values: Parameters
  ) throws(FulcrumError) {
    guard options.minimumTokens <= limit else {
      throw values.refuse(
        "min-new-tokens", "expected at most \(source) = \(limit), got \(options.minimumTokens)",
        hint: "a completion can't be longer than its longest length")
    }
  }
}
