/// Turns one piece of text into tokens: byte-pair encoding.
///
/// It starts from the piece's bytes or characters and, as long as there is one, carries out the merge of the
/// lowest rank, the leftmost first. The scratch memory is kept from piece to piece.
///
/// - Source: Sennrich, Haddow, Birch, arXiv:1508.07909, algorithm 1; on bytes as in GPT-2.
struct PieceMerger {
  /// The token at each place; a place that was merged into its left neighbour is -1.
  private var symbols: [Int32] = []
  /// The neighbouring places that still hold a token, or -1.
  private var next: [Int32] = []
  private var previous: [Int32] = []
  /// The queue of merges, with the rank in the upper half and the place in the lower: the smallest
  /// is next.
  private var queue = BinaryHeap<UInt64>()

  /// Appends the piece's tokens to `tokens`.
  ///
  /// - Complexity: O(n log n) for n bytes.
  mutating func encode(
    _ piece: Span<UInt8>, _ bytePairs: BytePairMerges, into tokens: inout [Int32]
  ) {
    let merges = bytePairs.pairs
    start(piece, bytePairs.symbols, merges: merges)
    while let entry = queue.popSmallest() {
      let place = Int(truncatingIfNeeded: entry & 0xFFFF_FFFF)
      // An entry is out of date if its place or the one after it has changed since.
      guard symbols[place] >= 0, next[place] >= 0 else { continue }
      let absorbed = Int(next[place])
      guard let merge = merges.find(symbols[place], symbols[absorbed]),
        UInt64(merge.rank) == entry >> 32
      else { continue }
      symbols[place] = merge.token
      symbols[absorbed] = -1
      next[place] = next[absorbed]
      if next[place] >= 0 {
        previous[Int(next[place])] = Int32(place)
        enqueue(place, merges)
      }
      if previous[place] >= 0 { enqueue(Int(previous[place]), merges) }
    }
    for symbol in symbols where symbol >= 0 { tokens.append(symbol) }
  }

  private mutating func start(
    _ piece: Span<UInt8>, _ kind: PieceSymbols, merges: PairTable
  ) {
    symbols.removeAll(keepingCapacity: true)
    next.removeAll(keepingCapacity: true)
    previous.removeAll(keepingCapacity: true)
    queue.removeAll()
    switch kind {
    case .bytes(let byteTokens):
      for i in 0..<piece.count {
        let token = byteTokens[Int(piece[i])]
        if token >= 0 { symbols.append(token) }
      }
    case .characters(let characters): characters.append(piece, to: &symbols)
    }
    if symbols.isEmpty { return }
    for place in 0..<Int32(symbols.count) {
      next.append(place + 1)
      previous.append(place - 1)
    }
    next[symbols.count - 1] = -1
    for place in 0..<symbols.count - 1 { enqueue(place, merges) }
  }

  private mutating func enqueue(_ place: Int, _ merges: PairTable) {
    guard let merge = merges.find(symbols[place], symbols[Int(next[place])]) else { return }
    queue.insert(UInt64(merge.rank) << 32 | UInt64(place))
  }
}
