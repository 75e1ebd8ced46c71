/// Per-token columns in one flat store, with an offset each.
///
/// - Shape: a column's values are `[tokens, width]`, row by row.
public struct ColumnStore: Sendable {
  public let tokenCount: Int
  /// The columns that are in the store, by name.
  public private(set) var columns: [Column] = []
  private var offsets: [Int] = []
  private var values: [Float] = []

  /// A store without columns.
  public init(tokenCount: Int) { self.tokenCount = tokenCount }

  /// Whether the column is in the store.
  public func has(_ column: Column) -> Bool { columns.contains(column) }

  /// Puts a column in, or another's values in its place.
  ///
  /// - Precondition: `width` values for each token.
  public mutating func set(_ column: Column, _ new: [Float]) {
    precondition(
      new.count == tokenCount * column.statistic.width,
      "\(column.name) has \(new.count) values for \(tokenCount) tokens")
    if let index = columns.firstIndex(of: column) {
      values.replaceSubrange(offsets[index]..<offsets[index] + new.count, with: new)
      return
    }
    let index = columns.firstIndex { column.name < $0.name } ?? columns.count
    columns.insert(column, at: index)
    offsets.insert(values.count, at: index)
    values += new
  }

  /// A column's values; none if it is not in the store.
  @_lifetime(borrow self)
  public func values(of column: Column) -> Span<Float> {
    guard let index = columns.firstIndex(of: column) else { return Span() }
    let count = tokenCount * column.statistic.width
    return values.span.extracting(offsets[index]..<offsets[index] + count)
  }

  /// A column's values in an array of their own; empty if it is not in the store.
  public func array(of column: Column) -> [Float] {
    guard let index = columns.firstIndex(of: column) else { return [] }
    return Array(values[offsets[index]..<offsets[index] + tokenCount * column.statistic.width])
  }

  /// The rows of adjacent tokens, of every column.
  @_lifetime(borrow self)
  public func slice(_ tokens: Range<Int>) -> ColumnSlice {
    ColumnSlice(
      columns: columns, offsets: offsets, values: values.span, tokens: tokens)
  }

  /// The rows of some tokens, of every column.
  ///
  /// - Parameter tokens: their places, in the order of the result.
  public func gathering(_ tokens: Span<Int>) -> ColumnStore {
    var gathered = ColumnStore(tokenCount: tokens.count)
    gathered.columns = columns
    gathered.values.reserveCapacity(columns.reduce(0) { $0 + $1.statistic.width } * tokens.count)
    for (index, column) in columns.enumerated() {
      let width = column.statistic.width
      gathered.offsets.append(gathered.values.count)
      for place in tokens.indices {
        let first = offsets[index] + tokens[place] * width
        gathered.values += values[first..<first + width]
      }
    }
    return gathered
  }
}

/// The rows of adjacent tokens of a store's columns, borrowed.
public struct ColumnSlice: ~Escapable {
  private let columns: [Column]
  private let offsets: [Int]
  private let values: Span<Float>
  private let tokens: Range<Int>

  @_lifetime(copy values)
  init(columns: [Column], offsets: [Int], values: Span<Float>, tokens: Range<Int>) {
    self.columns = columns
    self.offsets = offsets
    self.values = values
    self.tokens = tokens
  }

  /// A slice without columns.
  @_lifetime(immortal)
  public init() {
    columns = []
    offsets = []
    values = Span()
    tokens = 0..<0
  }

  public var tokenCount: Int { tokens.count }

  public func has(_ column: Column) -> Bool { columns.contains(column) }

  /// A column's values for the slice's tokens; none if it is not there.
  @_lifetime(copy self)
  public func values(of column: Column) -> Span<Float> {
    guard let index = columns.firstIndex(of: column) else { return Span() }
    let width = column.statistic.width
    let first = offsets[index]
    return values.extracting(first + tokens.lowerBound * width..<first + tokens.upperBound * width)
  }
}
