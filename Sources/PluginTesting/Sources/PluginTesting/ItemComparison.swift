import FulcrumKernel

/// Compares two sets of items by one statistic of theirs.
struct ItemComparison {
  /// The chance that draws of one distribution differ as much.
  let chance: Double
  /// What was compared, and its values in both: `the prompt's length (training: 31 …, held out: …)`.
  let sentence: String

  /// The most numbers of a prompt, and words of all prompts, that are looked at one by one.
  private static let mostNumbers = 6
  private static let mostWords = 40

  /// Returns the comparisons of training items with held-out ones.
  static func all(of training: [TaskItem], and heldOut: [TaskItem]) -> [ItemComparison] {
    let (ours, theirs) = (training.map(ItemFacts.init), heldOut.map(ItemFacts.init))
    var all = [
      sizes("the prompt's length", ours.map(\.length), theirs.map(\.length)),
      sizes("the answer's length", ours.map(\.answerLength), theirs.map(\.answerLength)),
      sizes(
        "how many numbers a prompt has", ours.map(\.numbers.count), theirs.map(\.numbers.count)),
      sizes("the sum of the prompt's numbers", ours.map(\.sum), theirs.map(\.sum)),
      values("the answer", training.map(\.answer), heldOut.map(\.answer)),
    ]
    for place in 0..<mostNumbers {
      let one = ours.compactMap { $0.numbers.dropFirst(place).first }
      let other = theirs.compactMap { $0.numbers.dropFirst(place).first }
      guard min(one.count, other.count) >= ItemLikeness.fewest else { break }
      let name = "number \(place + 1) of the prompt"
      all.append(sizes(name, one, other))
      all.append(values("the last digit of \(name)", one.map { $0 % 10 }, other.map { $0 % 10 }))
    }
    // What an unmixed hash goes by: the low bits of sums and of exclusive ors.
    for modulus in [2, 8, 10] {
      all.append(
        values(
          "the sum of the prompt's numbers modulo \(modulus)", ours.map { $0.sum % modulus },
          theirs.map { $0.sum % modulus }))
    }
    all.append(
      values(
        "the low three bits of the exclusive or of the prompt's numbers", ours.map { $0.mixed % 8 },
        theirs.map { $0.mixed % 8 }))
    for modulus in [2, 8] {
      all.append(
        values(
          "the sum of the prompt's bytes modulo \(modulus)", ours.map { $0.bytes % modulus },
          theirs.map { $0.bytes % modulus }))
    }
    var counts: [Substring: Int] = [:]
    for facts in ours + theirs { for word in facts.words { counts[word, default: 0] += 1 } }
    let frequent = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(mostWords)
    for (word, _) in frequent {
      all.append(
        values(
          "whether a prompt has the word '\(word.prefix(20))'",
          ours.map { $0.words.contains(word) },
          theirs.map { $0.words.contains(word) }))
    }
    return all
  }

  private static func sizes(_ name: String, _ ours: [Int], _ theirs: [Int]) -> ItemComparison {
    func quartiles(_ values: [Int]) -> String {
      let sorted = values.sorted()
      let quarters = [1, 2, 3].map { "\(sorted[min(sorted.count - 1, sorted.count * $0 / 4)])" }
      return quarters.joined(separator: ", ")
    }
    return ItemComparison(
      chance: TwoSampleTests.kolmogorovSmirnov(ours.map(Double.init), theirs.map(Double.init)),
      sentence: "\(name): quartiles \(quartiles(ours)) in training, \(quartiles(theirs)) held out")
  }

  /// Compares how often each value comes. Of many values the rare ones count as one.
  private static func values<Value: Hashable>(
    _ name: String, _ ours: [Value], _ theirs: [Value]
  ) -> ItemComparison {
    var counts: [Value: (Int, Int)] = [:]
    for value in ours { counts[value, default: (0, 0)].0 += 1 }
    for value in theirs { counts[value, default: (0, 0)].1 += 1 }
    func share(_ count: Int, of whole: Int) -> Double { Double(count) / Double(max(1, whole)) }
    func gap(_ cell: (Int, Int)) -> Double {
      abs(share(cell.0, of: ours.count) - share(cell.1, of: theirs.count))
    }
    func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
    // The same order in every process, whatever the hashes.
    let cells = counts.map { (value: "\($0.key)", cell: $0.value) }.sorted {
      (gap($1.cell), $0.value) < (gap($0.cell), $1.value)
    }
    var sentence = name
    if let most = cells.first {
      let value = most.value.prefix(20)
      sentence +=
        ": '\(value)' in \(percent(share(most.cell.0, of: ours.count))) of training,"
        + " \(percent(share(most.cell.1, of: theirs.count))) of held-out items"
    }
    return ItemComparison(chance: TwoSampleTests.chiSquare(cells.map(\.cell)), sentence: sentence)
  }
}

/// What an item's texts are compared by.
private struct ItemFacts {
  let length: Int
  let answerLength: Int
  /// The whole numbers in the prompt's digits, in order, each below ten million.
  let numbers: [Int]
  let words: Set<Substring>
  /// The sum of the prompt's bytes.
  let bytes: Int
  let sum: Int
  /// The exclusive or of the numbers.
  let mixed: Int

  init(_ item: TaskItem) {
    let text = item.text
    length = text.unicodeScalars.count
    answerLength = item.answer.unicodeScalars.count
    numbers = text.split { !$0.isASCII || !$0.isNumber }.compactMap { Int($0.suffix(7)) }
    words = Set(text.split { !$0.isLetter })
    bytes = text.utf8.reduce(0) { $0 + Int($1) }
    sum = numbers.reduce(0, +)
    mixed = numbers.reduce(0, ^)
  }
}
