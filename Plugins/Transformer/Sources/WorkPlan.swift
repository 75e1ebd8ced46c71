/// Holds the parallel loops of a pass, in their order, as the shapes alone decide them: what threads
/// can share out, and so what limits their use.
///
/// Counted are operations of arithmetic. What the memory gives, waking threads, and work between the
/// loops are not.
package struct WorkPlan: Sendable {
  /// Holds the operations of each item of one loop, in the order in which threads claim them.
  package struct Loop: Sendable {
    package let name: String
    package let items: [Double]
    /// Whether the calling thread does it alone, outside of the pool.
    package let isAlone: Bool

    package init(_ name: String, _ items: [Double], isAlone: Bool = false) {
      self.name = name
      self.items = items
      self.isAlone = isAlone
    }

    /// Returns the operations of the busiest thread if all threads work at one speed: whoever is done
    /// first claims the next item.
    package func busiest(threads: Int) -> Double {
      var loads = [Double](repeating: 0, count: threads)
      for item in items {
        var first = 0
        for thread in 1..<max(1, threads) where loads[thread] < loads[first] { first = thread }
        loads[first] += item
      }
      return loads.max() ?? 0
    }
  }

  package internal(set) var loops: [Loop] = []

  package init() {}

  mutating func add(_ name: String, _ items: [Double], isAlone: Bool = false) {
    loops.append(Loop(name, items, isAlone: isAlone))
  }

  /// All operations.
  package var operations: Double { loops.reduce(0) { $0 + $1.items.reduce(0, +) } }

  /// The largest share of one thread, loop by loop, over an even share of all: at least 1. Its inverse
  /// is the part of the threads that is at work.
  package func largestShare(threads: Int) -> Double {
    let busiest = loops.reduce(0) { $0 + $1.busiest(threads: threads) }
    return busiest * Double(threads) / operations
  }
}
