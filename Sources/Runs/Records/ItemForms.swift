import FulcrumKernel

/// Numbers the forms of items. Items of one form are one puzzle in other words, so they say less of
/// accuracy than as many puzzles would.
package struct ItemForms {
  private var known: [String: Int] = [:]
  /// For each item, the number of its form. An item without one is like no other.
  private var numbers: [Int] = []
  package private(set) var count = 0

  package init() {}

  package init(_ items: [TaskItem]) { for item in items { add(item) } }

  package mutating func add(_ item: TaskItem) {
    if let form = item.form, let number = known[form] {
      numbers.append(number)
      return
    }
    if let form = item.form { known[form] = count }
    numbers.append(count)
    count += 1
  }

  /// For each item, the number of its form; `nil` if no two items are alike.
  package var numbersWhereAlike: [Int]? { count < numbers.count ? numbers : nil }
}
