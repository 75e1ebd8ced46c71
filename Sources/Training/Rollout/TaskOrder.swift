import FulcrumKernel
import Stages

/// Hands out training items in the order of a run. The order is a function of how many items were
/// taken, so a resumed run goes on where it was.
package struct TaskOrder {
  private let task: any TaskSource
  private let random: CounterRandom
  private var shuffled: (epoch: Int, order: [Int])?

  package init(task: any TaskSource, seed: UInt64) {
    self.task = task
    random = CounterRandom(seed: seed, purpose: "task-order")
  }

  /// - Parameter first: the number of items that were taken before.
  package mutating func items(from first: Int, count: Int) throws(FulcrumError) -> [TaskItem] {
    var items: [TaskItem] = []
    for ordinal in first..<first + count {
      let index = try index(ordinal)
      items.append(
        try Stage.within("task") { () throws(FulcrumError) in try task.trainingItem(index) })
    }
    return items
  }

  /// Returns the index of an item. A finite source is gone through whole, in a new order each
  /// epoch.
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
