/// A priority queue: the smallest element comes out first.
struct BinaryHeap<Element: Comparable> {
  private var elements: [Element] = []

  mutating func removeAll() { elements.removeAll(keepingCapacity: true) }

  /// - Complexity: O(log n).
  mutating func insert(_ element: Element) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if elements[parent] <= element { break }
      elements[child] = elements[parent]
      child = parent
    }
    elements[child] = element
  }

  /// Takes out the smallest element; nil if there is none.
  ///
  /// - Complexity: O(log n).
  mutating func popSmallest() -> Element? {
    guard let last = elements.popLast() else { return nil }
    guard let smallest = elements.first else { return last }
    var hole = 0
    while true {
      var child = 2 * hole + 1
      if child >= elements.count { break }
      if child + 1 < elements.count && elements[child + 1] < elements[child] { child += 1 }
      if last <= elements[child] { break }
      elements[hole] = elements[child]
      hole = child
    }
    elements[hole] = last
    return smallest
  }
}
