extension Span {
  /// A copy of the elements.
  package var array: [Element] {
    var result: [Element] = []
    result.reserveCapacity(count)
    for i in indices { result.append(self[i]) }
    return result
  }
}
