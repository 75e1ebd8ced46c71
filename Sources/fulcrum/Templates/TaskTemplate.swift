extension PluginTemplate.Component {
  /// Makes a task of sums of two numbers.
  static func task(_ type: String, _ name: String) -> Self {
    Self(
      source: #"""
        import FulcrumKernel

        /// Sums of two numbers from 0 to `largest`; one in ten is held out.
        struct \#(type): DemonstratingTask {
          static let manual = ComponentManual(
            name: "\#(name)",
            summary: "sums of two numbers",
            source: "a beginning; say here where your items are from",
            parameters: [
              .integer("largest", default: 99, in: 2...999, help: "the largest number to add")
            ])

          /// The number of numbers, from 0 to `largest`.
          private let side: Int

          init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
            side = try parameters.integer("largest") + 1
          }

          /// The last tenth of all sums is held out: they are in an order that looks random, so that it is
          /// like the others.
          var trainingCount: Int? { side * side - (side * side + 9) / 10 }

          func trainingItem(_ index: Int) throws(FulcrumError) -> TaskItem { item(at: index + 1) }

          func heldOutItems(perCategory count: Int) throws(FulcrumError) -> [TaskItem] {
            ((trainingCount ?? 0)..<side * side).prefix(max(0, count)).map { item(at: $0 + 1) }
          }

          func demonstration(_ index: Int) throws(FulcrumError) -> Demonstration {
            let item = try trainingItem(index % (trainingCount ?? 1))
            return Demonstration(prompt: item.prompt, completion: " " + item.answer)
          }

          private func item(at place: Int) -> TaskItem {
            // A prime beyond `side` has no factor in common with side * side, so that its multiples
            // come to every sum once, in an order that looks random.
            let sum = place * 7919 % (side * side)
            let (a, b) = (sum / side, sum % side)
            return TaskItem(
              id: "\(a)+\(b)", prompt: "\(a) + \(b) =", answer: "\(a + b)", category: "sums")
          }
        }

        """#,
      tests: #"""
          private func make(largest: Int) throws -> \#(type) {
            let parameters = try Parameters(
              ["largest": .integer(largest)], for: \#(type).manual.parameters, at: "task")
            return try \#(type)(parameters, context: ComponentContext())
          }

          @Test func `the first sum to train on`() throws {
            // Place 1 is 7919 modulo 100 = 19: the numbers 1 and 9.
            let item = try make(largest: 9).trainingItem(0)
            #expect(item.prompt == "1 + 9 =")
            #expect(item.answer == "10")
          }

          @Test(arguments: [2, 9, 30])
          func `training and held-out sums are all sums, each once`(largest: Int) throws {
            let task = try make(largest: largest)
            let training = try (0..<(task.trainingCount ?? 0)).map { try task.trainingItem($0).id }
            let heldOut = try task.heldOutItems(perCategory: .max).map(\.id)
            #expect(training.count + heldOut.count == (largest + 1) * (largest + 1))
            #expect(Set(training + heldOut).count == training.count + heldOut.count)
          }

        """#,
      label: "task",
      usage: "task: {use: \(name), largest: 99}")
  }
}
