extension Span {
  /// The elements, copied.
  package var array: [Element] {
    var result: [Element] = []
    result.reserveCapacity(count)
    for i in indices { result.append(self[i]) }
    return result
  }
}
