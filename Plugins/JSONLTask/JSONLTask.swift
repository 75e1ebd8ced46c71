import FulcrumKernel

/// Serves prompts and answers from files of JSON lines, an object a line.
///
/// Items are in the order of the lines. There are no demonstrations.
package struct JSONLTask: TaskSource {
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
      .text("prompt-key", default: "prompt", help: "where a line has its prompt, a text"),
      .text(
        "answer-key", default: "answer",
        help: "where a line has its answer, a text or a number; \"\": answers are empty"),
      .text(
        "answer-after", default: "",
        help: "the answer is what its field has behind the last of these, as \"####\" for GSM8K;"
          + " \"\": the whole field"),
      .text(
        "category-key", default: "",
        help: "where a line has its category, a text or a number; \"\": all are of category 'all'"),
      .text("prefix", default: "", help: "text before each prompt"),
      .text("suffix", default: "", help: "text after each prompt"),
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

  private func item(_ row: JSONLRow, id: String) -> TaskItem {
    var item = TaskItem(
      id: id, prompt: prefix + row.prompt + suffix, answer: row.answer, category: row.category,
      fields: row.fields)
    item.location = row.location
    return item
  }
}
