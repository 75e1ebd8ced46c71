import FulcrumKernel

/// Serves prompts and answers from files of JSON lines, an object a line.
///
/// Items are in the order of the lines. Lines with a completion are demonstrations too.
package struct JSONLTask: DemonstrationSource {
  package static let manual = ComponentManual(
    name: "jsonl",
    summary: "prompts and answers from files of JSON lines",
    source: "jsonlines.org; the keys are the user's",
    parameters: [
      .text(
        "train", default: nil, help: "file of the prompts to train on", meaning: .dataFile),
      .text(
        "held-out", default: "", help: "file of the prompts to evaluate on; \"\": there are none",
        meaning: .dataFile),
      .text(
        "prompt-key", default: "prompt",
        help: "where a line has its prompt, a text or a list of messages; dots lead into objects"),
      .text(
        "answer-key", default: "answer",
        help:
          "where a line has its answer: a text, a number, a list or an object, such as"
          + " reward_model.ground_truth; \"\": answers are empty"),
      .text(
        "answer-after", default: "",
        help: "the answer is what its field has behind the last of these, as \"####\" for GSM8K;"
          + " \"\": the whole field"),
      .text(
        "category-key", default: "",
        help: "where a line has its category, a text or a number; \"\": all are of category 'all'"),
      .text(
        "completion-key", default: "completion",
        help:
          "where a line has a completion worth imitating, for 'fulcrum sft'; a conversation that ends"
          + " with the assistant's turn has one itself"),
      .text("prefix", default: "", help: "text before each prompt, or before its last message"),
      .text("suffix", default: "", help: "text after each prompt, or after its last message"),
    ])

  private let training: [JSONLRow]
  private let heldOut: [JSONLRow]
  private let prefix: String
  private let suffix: String

  /// Reads the files.
  ///
  /// - Throws: `.parameter` for an empty `prompt-key`; `.notFound` or `.inputOutput` for a file
  ///   that can't be read; `.unsupported` for a compressed one; `.data`, at `file:line`, for a
  ///   damaged line or a held-out prompt that is also a training prompt.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    let keys = JSONLKeys(
      prompt: try parameters.text("prompt-key"), answer: try parameters.text("answer-key"),
      category: try parameters.text("category-key"),
      completion: try parameters.text("completion-key"),
      answerMark: try parameters.text("answer-after"))
    guard !keys.prompt.isEmpty else {
      throw parameters.refuse("prompt-key", "expected a key, got an empty text")
    }
    let heldOutPath = try parameters.text("held-out")
    prefix = try parameters.text("prefix")
    suffix = try parameters.text("suffix")
    do {
      training = try JSONLFile.rows(at: try parameters.text("train"), keys: keys)
      heldOut = heldOutPath.isEmpty ? [] : try JSONLFile.rows(at: heldOutPath, keys: keys)
      try JSONLFile.requireDisjoint(training: training, heldOut: heldOut)
    } catch {
      throw error.within(parameters.location)
    }
  }

  package var trainingCount: Int? { training.count }

  /// - Throws: `.usage` for an index outside the file.
  package func trainingItem(_ index: Int) throws(FulcrumError) -> TaskItem {
    guard training.indices.contains(index) else {
      throw FulcrumError(
        .usage, "expected an index of at least 0 and below \(training.count), got \(index)")
    }
    return item(training[index], id: "train/\(index)")
  }

  /// Returns at most `count` items for each category, in the order of the file. Categories are in
  /// the order in which they first occur.
  package func heldOutItems(perCategory count: Int) throws(FulcrumError) -> [TaskItem] {
    var categories: [String] = []
    var items: [String: [TaskItem]] = [:]
    for (index, row) in heldOut.enumerated() {
      if items[row.category] == nil { categories.append(row.category) }
      guard items[row.category, default: []].count < count else { continue }
      items[row.category, default: []].append(item(row, id: "held-out/\(index)"))
    }
    return categories.flatMap { items[$0] ?? [] }
  }

  package var demonstrationCount: Int? { training.count }

  /// - Throws: `.unsupported` if no line has a completion; `.data`, at `file:line`, if only this one
  ///   lacks it.
  package func demonstration(_ index: Int) throws(FulcrumError) -> Demonstration {
    try demonstration(training[index % training.count], of: training)
  }

  package func heldOutDemonstrations(atMost count: Int) throws(FulcrumError) -> [Demonstration] {
    guard heldOut.contains(where: { $0.completion != nil }) else { return [] }
    var demonstrations: [Demonstration] = []
    for row in heldOut.prefix(count) {
      demonstrations.append(try demonstration(row, of: heldOut))
    }
    return demonstrations
  }

  private func demonstration(
    _ row: JSONLRow, of rows: [JSONLRow]
  ) throws(FulcrumError) -> Demonstration {
    guard let completion = row.completion else {
      throw FulcrumError(
        rows.contains { $0.completion != nil } ? .data : .unsupported,
        "expected a completion to imitate, got none", at: row.location,
        hint:
          "'completion-key' names the key; or let the conversation end with the assistant's turn")
    }
    let (prompt, messages) = wrapped(row)
    var demonstration =
      messages.isEmpty
      ? Demonstration(prompt: prompt, completion: completion)
      : Demonstration(messages: messages, completion: completion)
    demonstration.location = row.location
    return demonstration
  }

  /// The prompt with prefix and suffix: a text, or messages.
  private func wrapped(_ row: JSONLRow) -> (prompt: String, messages: [ChatMessage]) {
    guard let last = row.messages.last else { return (prefix + row.prompt + suffix, []) }
    let message = ChatMessage(last.role, prefix + last.content + suffix)
    return ("", row.messages.dropLast() + [message])
  }

  private func item(_ row: JSONLRow, id: String) -> TaskItem {
    let (prompt, messages) = wrapped(row)
    var item = TaskItem(
      id: id, prompt: prompt, answer: row.answer, category: row.category, fields: row.fields,
      messages: messages)
    item.location = row.location
    return item
  }
}
