import FulcrumKernel

/// Which training items a step takes: a function of the step, so that a resumed run goes on where
/// it was.
package struct TaskOrder {
  private let task: any TaskSource
  private let promptsPerStep: Int
  private let random: CounterRandom
  private var shuffled: (epoch: Int, order: [Int])?

  package init(task: any TaskSource, promptsPerStep: Int, seed: UInt64) {
    self.task = task
    self.promptsPerStep = promptsPerStep
    random = CounterRandom(seed: seed, purpose: "task-order")
  }

  /// - Parameter step: from 1.
  package mutating func items(step: Int) throws(FulcrumError) -> [TaskItem] {
    var items: [TaskItem] = []
    for slot in 0..<promptsPerStep {
      let ordinal = (step - 1) * promptsPerStep + slot
      items.append(try task.trainingItem(index(ordinal)))
    }
    return items
  }

  /// A finite source is gone through whole, in a new order each epoch.
  private mutating func index(_ ordinal: Int) throws(FulcrumError) -> Int {
    guard let count = task.trainingCount else { return ordinal }
    guard count > 0 else {
      throw FulcrumError(.data, "the task has no training items", at: "task")
    }
    let epoch = ordinal / count
    if shuffled?.epoch != epoch {
      var stream = random.stream(UInt64(epoch))
      shuffled = (epoch, Array(0..<count).shuffled(using: &stream))
    }
    return shuffled?.order[ordinal % count] ?? ordinal % count
  }
}
