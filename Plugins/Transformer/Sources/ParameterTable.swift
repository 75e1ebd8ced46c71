import FulcrumKernel

/// Lists the tensors of one flat array of floats: a model's, or an adapter's.
package struct ParameterTable: Sendable, Equatable {
  /// The tensors in the order of their offsets.
  package let tensors: [ParameterLayout.Tensor]
  /// The number of floats in the flat array, gaps included.
  package let floatCount: Int

  /// The number of values that are no gaps.
  package var parameterCount: Int { tensors.reduce(0) { $0 + $1.count } }

  /// Returns the adjacent floats of the tensors of some groups, ascending.
  func ranges(of groups: Set<ParameterGroup>) -> [Range<Int>] {
    tensors.filter { $0.group.map(groups.contains) ?? false }.map(\.range)
  }

  /// Sets the values to fresh draws, each tensor's from a stream of its own number.
  func initialize(_ values: FloatBuffer, from random: CounterRandom, pool: ThreadPool) {
    pool.run(tensors.count) { index, _ in
      let tensor = tensors[index]
      let values = values.pointer + tensor.offset
      switch tensor.initialization {
      case .zeros: values.update(repeating: 0, count: tensor.count)
      case .ones: values.update(repeating: 1, count: tensor.count)
      case .normal(let deviation):
        var stream = random.stream(UInt64(index))
        for i in 0..<tensor.count { values[i] = Float(stream.normal() * deviation) }
      case .uniform(let bound):
        var stream = random.stream(UInt64(index))
        for i in 0..<tensor.count { values[i] = Float((2 * stream.uniform() - 1) * bound) }
      }
    }
  }

  /// Places tensors one after the other.
  struct Builder {
    /// The number of floats of a cache line.
    private static let alignment = 16
    private var tensors: [ParameterLayout.Tensor] = []
    private var end = 0

    var table: ParameterTable { ParameterTable(tensors: tensors, floatCount: end) }

    /// Gives a tensor its place, and returns its offset.
    ///
    /// - Parameter isAdjacent: whether there is no gap before it.
    @discardableResult
    mutating func add(
      _ name: String, _ shape: [Int], _ initialization: ParameterLayout.Initialization,
      isAdjacent: Bool = false
    ) -> Int {
      if !isAdjacent { end = (end + Self.alignment - 1) / Self.alignment * Self.alignment }
      let tensor = ParameterLayout.Tensor(
        name: name, shape: shape, offset: end, initialization: initialization)
      tensors.append(tensor)
      end += tensor.count
      return tensor.offset
    }
  }
}
