import FulcrumKernel
import JSON

extension PreTokenizer {
  /// Reads the `pre_tokenizer` of `tokenizer.json`: a part or a Sequence of parts. With a ByteLevel,
  /// which is the last part then, tokens are spelt in the byte alphabet.
  ///
  /// - Throws: `.unsupported` for anything else, by name.
  static func read(
    _ json: JSONValue?
  ) throws(FulcrumError) -> (preTokenizer: PreTokenizer, spelling: TokenSpelling) {
    guard let json else { return (PreTokenizer([]), .plain) }
    var parts = [json]
    if json["type"] == .string("Sequence") { parts = json["pretokenizers"]?.elements ?? [] }
    let last = parts.last.flatMap { $0["type"] == .string("ByteLevel") ? $0 : nil }
    var steps: [Step] = []
    for part in last == nil ? parts[...] : parts.dropLast() {
      switch part["type"] {
      case .string("Split"): steps.append(try Self.step(ofSplit: part))
      case .string("Digits"):
        steps.append(
          .digits(areSeparate: try TokenizerFault.flag("the Digits", part, "individual_digits")))
      case .string("Metaspace"): steps.append(.metaspace(try Metaspace(part)))
      default:
        throw TokenizerFault.unsupported(
          "the pre_tokenizer has the part \(part.excerpt), expected Split, Digits, Metaspace or, at"
            + " the end, ByteLevel")
      }
    }
    guard let last else { return (PreTokenizer(steps), .plain) }
    let name = "the ByteLevel pre-tokenizer"
    if try TokenizerFault.flag(name, last, "add_prefix_space") { steps.append(.prefixSpace) }
    // Files that are older than the switch leave it out.
    if try TokenizerFault.flag(name, last, "use_regex", absent: true) {
      steps.append(.pattern(.gpt2))
    }
    return (PreTokenizer(steps), .byteAlphabet)
  }

  private static func step(ofSplit split: JSONValue) throws(FulcrumError) -> Step {
    let isInverted = try TokenizerFault.flag("the Split", split, "invert")
    guard let behavior = split["behavior"]?.text.flatMap(PieceSplit.Behavior.init(rawValue:)) else {
      throw TokenizerFault.unsupported(
        "the Split has behavior \(split["behavior"]?.excerpt ?? "absent"), expected "
          + PieceSplit.Behavior.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
    }
    let pattern = split["pattern"] ?? .null
    if let text = pattern["String"]?.text, !text.isEmpty {
      return .split(PieceSplit(.literal(Array(text.utf8)), behavior, isInverted: isInverted))
    }
    if let regex = pattern["Regex"]?.text {
      // Where nothing lies between matches it doesn't matter how that is taken.
      let keepsMatches = behavior == .isolated || behavior == .removed && isInverted
      for known in PiecePattern.allCases where keepsMatches && known.regex == regex {
        return .pattern(known)
      }
      if let expression = SplitExpression(regex) {
        return .split(PieceSplit(.expression(expression), behavior, isInverted: isInverted))
      }
    }
    // Quotes the pattern in full, for patterns differ late.
    throw TokenizerFault.unsupported(
      "the Split has the unknown pattern \(JSONWriter.compact(pattern))")
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
