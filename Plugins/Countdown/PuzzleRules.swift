/// Says which puzzles there are, and which derivations.
package struct PuzzleRules: Sendable {
  /// The shape of a derivation.
  package enum Order: String, CaseIterable, Sendable {
    /// Each step takes the result before it and one more number.
    case leftToRight = "left-to-right"
    /// Each step takes two of the values that are left.
    case tree
  }

  /// The least and the greatest number.
  package let range: ClosedRange<Int>
  package let operations: [Operation]
  package let order: Order
  /// The least and the greatest result of any step.
  package let results: ClosedRange<Int>
  /// The least and the greatest target.
  package let target: ClosedRange<Int>

  package init(
    range: ClosedRange<Int>, operations: [Operation], order: Order, results: ClosedRange<Int>,
    target: ClosedRange<Int>
  ) {
    self.range = range
    self.operations = operations
    self.order = order
    self.results = results
    self.target = target
  }

  /// Draws numbers and a derivation, whose result is the target: every puzzle can be solved.
  ///
  /// Numbers, order and operations are drawn uniformly, so a puzzle is the likelier the more
  /// derivations it has, and its derivation is a uniform draw from these.
  ///
  /// - Returns: `nil` if the draw breaks the rules, which makes it no puzzle.
  package func draw(
    numbers count: Int, using random: inout some RandomNumberGenerator
  ) -> (puzzle: Puzzle, derivation: Derivation)? {
    let numbers = (0..<count).map { _ in Int.random(in: range, using: &random) }
    guard let derivation = derivation(of: numbers, using: &random),
      let value = derivation.steps.last?.result, target.contains(value)
    else { return nil }
    return (Puzzle(numbers: numbers, target: value), derivation)
  }

  /// Draws a derivation; `nil` if a step of the draw has no result within the rules.
  package func derivation(
    of numbers: [Int], using random: inout some RandomNumberGenerator
  ) -> Derivation? {
    var values = numbers.shuffled(using: &random)
    var steps: [Derivation.Step] = []
    while values.count > 1 {
      let left: Int
      let right: Int
      switch order {
      case .leftToRight:
        left = values.removeFirst()
        right = values.removeFirst()
      case .tree:
        left = values.remove(at: Int.random(in: values.indices, using: &random))
        right = values.remove(at: Int.random(in: values.indices, using: &random))
      }
      let operation = operations[Int.random(in: operations.indices, using: &random)]
      guard let result = operation.result(left, right), results.contains(result) else {
        return nil
      }
      steps.append(Derivation.Step(left, operation, right, result))
      values.insert(result, at: 0)
    }
    return Derivation(steps: steps)
  }
}
