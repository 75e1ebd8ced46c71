import FulcrumKernel
import JSON

/// Changes a text before it is cut into pieces: the `normalizer` of `tokenizer.json`.
struct TextNormalizer: Sendable {
  enum Step: Sendable, Equatable {
    case form(NormalizationForm)
    /// Puts a text before one that isn't empty.
    case prepend([UInt8])
    /// Replaces every occurrence of a text, which is not empty.
    case replace([UInt8], by: [UInt8])
  }

  let steps: [Step]

  init(_ steps: [Step]) { self.steps = steps }

  /// Reads NFC, NFD, NFKC, NFKD, Prepend, Replace of a text, or a Sequence of them.
  ///
  /// - Throws: `.unsupported` for anything else, by name.
  init(_ json: JSONValue?) throws(FulcrumError) {
    guard let json else {
      steps = []
      return
    }
    let parts =
      json["type"] == .string("Sequence") ? json["normalizers"]?.elements ?? [json] : [json]
    var steps: [Step] = []
    for part in parts {
      if let form = part["type"]?.text.flatMap(NormalizationForm.init(rawValue:)) {
        steps.append(.form(form))
      } else if part["type"] == .string("Prepend"), let text = part["prepend"]?.text {
        steps.append(.prepend(Array(text.utf8)))
      } else if part["type"] == .string("Replace"), let text = part["pattern"]?["String"]?.text,
        !text.isEmpty, let content = part["content"]?.text
      {
        steps.append(.replace(Array(text.utf8), by: Array(content.utf8)))
      } else {
        throw TokenizerFault.unsupported(
          "the normalizer is \(part.excerpt), expected none, NFC, NFD, NFKC, NFKD, Prepend or"
            + " Replace of a String")
      }
    }
    self.steps = steps
  }

  /// Returns the normalized form of valid UTF-8; nil if the text has it already.
  func normalized(_ text: Span<UInt8>) -> [UInt8]? {
    if text.isEmpty { return nil }
    var changed: [UInt8]?
    for step in steps {
      let next =
        if let changed { Self.apply(step, changed.span) } else { Self.apply(step, text) }
      if let next { changed = next }
    }
    return changed
  }

  func normalized(_ text: String) -> String {
    normalized(text.utf8Span.span).map { String(decoding: $0, as: UTF8.self) } ?? text
  }

  private static func apply(_ step: Step, _ text: Span<UInt8>) -> [UInt8]? {
    switch step {
    case .form(let form): return Composition.normalized(text, form)
    case .prepend(let prefix):
      if text.isEmpty { return nil }
      var bytes = prefix
      bytes.reserveCapacity(prefix.count + text.count)
      for i in 0..<text.count { bytes.append(text[i]) }
      return bytes
    case .replace(let wanted, let content):
      return ByteSearch.replacing(wanted, by: content, in: text)
    }
  }
}
