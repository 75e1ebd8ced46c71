import FulcrumKernel

/// Holds a component's answers to a series of calls, to be compared bit by bit.
struct Trace: Sendable {
  private struct Part: Sendable {
    let name: String
    let numbers: [Double]
    let texts: [String]
  }

  private var parts: [Part] = []

  /// - Parameter values: widening them keeps every bit that counts.
  mutating func add(_ name: String, _ values: [Float]) {
    parts.append(Part(name: name, numbers: values.map { Double($0) }, texts: []))
  }

  mutating func add(_ name: String, _ values: [Double]) {
    parts.append(Part(name: name, numbers: values, texts: []))
  }

  mutating func add(_ name: String, texts: [String]) {
    parts.append(Part(name: name, numbers: [], texts: texts))
  }

  /// The first place where two traces differ: "advantages of the ragged batch, element 3: 1.0 and
  /// then 2.0"; `nil`: they are the same bits.
  func difference(to other: Trace) -> String? {
    guard parts.count == other.parts.count else {
      return "the number of answers: \(parts.count) and then \(other.parts.count)"
    }
    for (mine, theirs) in zip(parts, other.parts) {
      if mine.numbers.count != theirs.numbers.count {
        return "\(mine.name): \(mine.numbers.count) values and then \(theirs.numbers.count)"
      }
      if mine.texts.count != theirs.texts.count {
        return "\(mine.name): \(mine.texts.count) texts and then \(theirs.texts.count)"
      }
      for place in mine.numbers.indices
      where mine.numbers[place].bitPattern != theirs.numbers[place].bitPattern {
        return "\(mine.name), element \(place): \(mine.numbers[place]) and then "
          + "\(theirs.numbers[place])"
      }
      for place in mine.texts.indices where mine.texts[place] != theirs.texts[place] {
        return "\(mine.name), element \(place): '\(mine.texts[place].prefix(60))' and then "
          + "'\(theirs.texts[place].prefix(60))'"
      }
    }
    return nil
  }
}
