import FulcrumKernel

extension ClippedSurrogate {
  /// Returns the parameter of the dual clip, for the manual.
  package static func dualClipParameter(default value: Double) -> Parameter {
    .number(
      "dual-clip", default: value, in: 0...1000,
      help: "a ratio above it gives no gradient where the advantage is negative; 0: off")
  }

  /// Reads `dual-clip`; infinite if it is off.
  ///
  /// - Throws: `.parameter` for one above 0 that is not above 1.
  package static func dualClip(_ parameters: Parameters) throws(FulcrumError) -> Double {
    let dual = try parameters.number("dual-clip")
    guard dual == 0 || dual > 1 else {
      throw parameters.refuse(
        "dual-clip", "expected 0 (off) or a number above 1, got \(dual)",
        hint: "a ratio of 1 must stay unclipped; 10 is usual")
    }
    return dual == 0 ? .infinity : dual
  }
}
