/// Finds the thinking and the answer of a response, between their tags.
package struct TaggedResponse: Sendable {
  private static let headers = [PythonText("Assistant:"), PythonText("<|im_start|>assistant")]
  /// The header that Llama 3 gives the assistant. The published rules don't have it, so it counts
  /// in a prompt alone.
  private static let llama3Header = PythonText("<|start_header_id|>assistant<|end_header_id|>")
  private static let tags = ["<think>", "</think>", "<answer>", "</answer>"].map { PythonText($0) }

  /// Whether each tag occurs exactly once after the header, in order.
  package let isWellFormed: Bool
  /// The text between the answer's tags, if there is a header and the format is right; `nil` also
  /// if that is only white space.
  package let answer: PythonText?

  /// Finds the response after a header: the first `Assistant:` of the whole text; if there is none,
  /// the first `<|im_start|>assistant`; else Llama 3's header of the assistant in the prompt.
  /// Without a header the format is that of the whole text, and there is no answer.
  package init(prompt: String, completion: String) {
    let whole = PythonText(prompt + completion)
    let starts = Self.headers.lazy.compactMap { header in
      whole.first(header).map { $0 + header.scalars.count }
    }
    let start =
      starts.first
      ?? PythonText(prompt).first(Self.llama3Header).map { $0 + Self.llama3Header.scalars.count }
    let response = start.map { PythonText(whole.scalars[$0...]) } ?? whole
    let places = Self.tags.map { response.first($0) ?? -1 }
    isWellFormed =
      Self.tags.allSatisfy { response.count($0) == 1 }
      && zip(places, places.dropFirst()).allSatisfy { $0 <= $1 }
    guard isWellFormed, start != nil else {
      answer = nil
      return
    }
    let content = response.scalars[(places[2] + Self.tags[2].scalars.count)..<places[3]]
    answer = content.allSatisfy(PythonText.isSpace) ? nil : PythonText(content)
  }
}
