import FulcrumKernel
import Stages

/// Hands out training items in the order of a run. The order is a function of how many items were
/// taken, so a resumed run goes on where it was.
package struct TaskOrder {
  /// The number of items; `nil`: there is no end.
  private let count: Int?
  private let item: (Int) throws(FulcrumError) -> TaskItem
  private let random: CounterRandom
  private let fits: ((TaskItem) throws(FulcrumError) -> Bool)?
  private var shuffled: (epoch: Int, order: [Int])?

  /// The most items in a row that may be left out of a source without end.
  private static let patience = 10_000

  /// - Parameters:
  ///   - count: the number of items; `nil`: there is no end.
  ///   - item: returns the item of an index.
  ///   - fits: tells whether an item may be taken, always the same of one item; `nil`: all may.
  package init(
    count: Int?, seed: UInt64, item: @escaping (Int) throws(FulcrumError) -> TaskItem,
    where fits: ((TaskItem) throws(FulcrumError) -> Bool)? = nil
  ) {
    self.count = count
    self.item = item
    self.fits = fits
    random = CounterRandom(seed: seed, purpose: "task-order")
  }

  /// Hands out a task's training items.
  package init(
    task: any TaskSource, seed: UInt64,
    where fits: ((TaskItem) throws(FulcrumError) -> Bool)? = nil
  ) {
    self.init(
      count: task.trainingCount, seed: seed,
      item: { (index) throws(FulcrumError) in try task.trainingItem(index) }, where: fits)
  }

  /// Returns the next items that fit, and the place in the order after them.
  ///
  /// - Parameter first: the place to begin at: the number of items that were taken or left out before.
  /// - Throws: `.data` if no item fits.
  package mutating func items(
    from first: Int, count: Int
  ) throws(FulcrumError) -> (items: [TaskItem], next: Int) {
    var items: [TaskItem] = []
    var next = first
    var leftOut = 0
    while items.count < count {
      let place = try index(next)
      let item = try Stage.within("task") { () throws(FulcrumError) in
        try self.item(place)
      }
      next += 1
      if try fits?(item) ?? true {
        items.append(item)
        leftOut = 0
      } else {
        leftOut += 1
        guard leftOut < max(Self.patience, self.count ?? 0) else {
          throw FulcrumError(
            .data, "expected items whose prompts leave room, got \(leftOut) in a row that don't",
            at: "task", hint: "lower max-new-tokens, or use a policy with a longer context")
        }
      }
    }
    return (items, next)
  }

  /// Returns the index of an item. A finite source is gone through whole, in a new order each
  /// epoch.
  private mutating func index(_ ordinal: Int) throws(FulcrumError) -> Int {
    guard let count else { return ordinal }
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
