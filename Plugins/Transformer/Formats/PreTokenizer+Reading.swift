import FulcrumKernel
import JSON

extension PreTokenizer {
  /// Reads the `pre_tokenizer` of `tokenizer.json`: ByteLevel, or a Sequence of Splits and Digits
  /// that ends with it.
  ///
  /// - Throws: `.unsupported` for anything else, by name.
  init(_ json: JSONValue) throws(FulcrumError) {
    let parts = json["type"] == .string("Sequence") ? json["pretokenizers"]?.elements ?? [] : [json]
    guard let last = parts.last, last["type"] == .string("ByteLevel") else {
      throw TokenizerFault.unsupported(
        "the pre_tokenizer is \(json.excerpt), expected ByteLevel or a Sequence that ends with it")
    }
    var steps: [Step] = []
    for part in parts.dropLast() {
      switch part["type"] {
      case .string("Split"): steps.append(.pattern(try Self.pattern(ofSplit: part)))
      case .string("Digits"):
        steps.append(
          .digits(areSeparate: try TokenizerFault.flag("the Digits", part, "individual_digits")))
      default:
        throw TokenizerFault.unsupported(
          "the pre_tokenizer has the part \(part.excerpt), expected Split or Digits")
      }
    }
    let name = "the ByteLevel pre-tokenizer"
    if try TokenizerFault.flag(name, last, "add_prefix_space") { steps.append(.prefixSpace) }
    // Files that are older than the switch leave it out.
    if try TokenizerFault.flag(name, last, "use_regex", absent: true) {
      steps.append(.pattern(.gpt2))
    }
    self.init(steps)
  }

  private static func pattern(ofSplit split: JSONValue) throws(FulcrumError) -> PiecePattern {
    try TokenizerFault.require("the Split", split, "behavior", .string("Isolated"))
    try TokenizerFault.require("the Split", split, "invert", .bool(false))
    let regex = split["pattern"]?["Regex"]?.text
    for pattern in PiecePattern.allCases where pattern.regex == regex { return pattern }
    // Quotes the pattern in full, for patterns differ late.
    throw TokenizerFault.unsupported(
      "the Split has the unknown pattern \(JSONWriter.compact(split["pattern"] ?? .null))")
  }

  /// Returns the `pre_tokenizer` that cuts by a pattern and does nothing else.
  static func document(of pattern: PiecePattern) -> JSONValue {
    .object([
      JSONMember("type", .string("Sequence")),
      JSONMember(
        "pretokenizers",
        .array([
          .object([
            JSONMember("type", .string("Split")),
            JSONMember("pattern", .object([JSONMember("Regex", .string(pattern.regex))])),
            JSONMember("behavior", .string("Isolated")),
            JSONMember("invert", .bool(false)),
          ]),
          TokenizerParts.byteLevel(usesRegex: false),
        ])),
    ])
  }
}
