/// A response with its thinking and its answer between tags.
package struct TaggedResponse: Sendable {
  /// The published rules' two, and Llama 3's for texts that have neither.
  private static let headers = [
    "Assistant:", "<|im_start|>assistant", "<|start_header_id|>assistant<|end_header_id|>",
  ].map { PythonText($0) }
  private static let tags = ["<think>", "</think>", "<answer>", "</answer>"].map { PythonText($0) }

  /// Whether each tag occurs exactly once after the header, in order.
  package let isWellFormed: Bool
  /// What stands between the answer's tags, if there is a header and the format is right; `nil`
  /// also if that is only white space.
  package let answer: PythonText?

  /// - Parameter text: the prompt and the response. The response is what follows the first
  ///   `Assistant:` or, if there is none, the first `<|im_start|>assistant`, or else Llama 3's
  ///   header of the assistant; without any the format is that of the whole text and there is no
  ///   answer.
  package init(_ text: String) {
    let whole = PythonText(text)
    var response = whole
    var hasHeader = false
    for header in Self.headers where !hasHeader {
      guard let start = whole.first(header) else { continue }
      response = PythonText(whole.scalars[(start + header.scalars.count)...])
      hasHeader = true
    }
    let places = Self.tags.map { response.first($0) ?? -1 }
    isWellFormed =
      Self.tags.allSatisfy { response.count($0) == 1 }
      && zip(places, places.dropFirst()).allSatisfy { $0 <= $1 }
    guard isWellFormed, hasHeader else {
      answer = nil
      return
    }
    let content = response.scalars[(places[2] + Self.tags[2].scalars.count)..<places[3]]
    answer = content.allSatisfy(PythonText.isSpace) ? nil : PythonText(content)
  }
}
