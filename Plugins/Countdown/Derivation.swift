/// Holds the steps by which some numbers become one.
package struct Derivation: Hashable, Sendable {
  /// Holds a step as it is written, which may be wrong.
  package struct Step: Hashable, Sendable {
    package let left: Int
    package let operation: Operation
    package let right: Int
    package let result: Int

    package init(_ left: Int, _ operation: Operation, _ right: Int, _ result: Int) {
      self.left = left
      self.operation = operation
      self.right = right
      self.result = result
    }
  }

  package let steps: [Step]

  package init(steps: [Step]) { self.steps = steps }

  /// Tells whether every step is right and takes two of the values that are left, and whether the
  /// target alone is left at the end.
  package func solves(_ puzzle: Puzzle) -> Bool {
    var values = puzzle.numbers
    for step in steps {
      for operand in [step.left, step.right] {
        guard let place = values.firstIndex(of: operand) else { return false }
        values.remove(at: place)
      }
      guard step.operation.result(step.left, step.right) == step.result else { return false }
      values.append(step.result)
    }
    return values == [puzzle.target]
  }

  /// The steps, each with its result. A step that goes on from the result before it doesn't repeat
  /// it: `17*3=51+17=68`; another begins behind a comma: `8-2=6,3*4=12,6+12=18`.
  package var text: String {
    var text = ""
    var last: Int?
    for step in steps {
      if step.left != last { text += (last == nil ? "" : ",") + "\(step.left)" }
      text += "\(step.operation.rawValue)\(step.right)=\(step.result)"
      last = step.result
    }
    return text
  }

  /// The same as one expression: `(17 * 3) + 17`.
  package var expression: String {
    /// Results that no later step has taken yet.
    var results: [(value: Int, text: String)] = []
    func operand(_ value: Int) -> String {
      guard let place = results.lastIndex(where: { $0.value == value }) else { return "\(value)" }
      return results.remove(at: place).text
    }
    for (index, step) in steps.enumerated() {
      let text = "\(operand(step.left)) \(step.operation.rawValue) \(operand(step.right))"
      results.append((step.result, index == steps.count - 1 ? text : "(\(text))"))
    }
    return results.last?.text ?? ""
  }
}
