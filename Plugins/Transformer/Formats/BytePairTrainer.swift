import JSON

/// Learns merges from counted words.
///
/// The pair of tokens that occurs most often becomes a token; of equally frequent ones the pair
/// with the lower numbers, left before right. This is the rule of the `tokenizers` library, and so
/// are its details: pairs in a run of one token are counted with overlap, and a merge that makes
/// bytes which are a token already takes that token.
///
/// - Source: Sennrich, Haddow, Birch, arXiv:1508.07909; github.com/huggingface/tokenizers,
///   models/bpe/trainer.rs for the order.
struct BytePairTrainer {
  /// A pair waiting to be merged: the most frequent comes first.
  private struct Candidate: Comparable {
    let count: Int
    let pair: UInt64
    /// Index into `places`.
    let place: Int

    static func < (a: Candidate, b: Candidate) -> Bool {
      (b.count, a.pair, a.place) < (a.count, b.pair, b.place)
    }
  }

  /// Each word as tokens.
  private var words: [[Int32]]
  private let wordCounts: [Int]
  private(set) var vocabulary: [[UInt8]]
  private var ids: ByteStringTable
  private(set) var merges: [Tokenizer.Merge] = []

  private var pairCounts: [UInt64: Int] = [:]
  private var queue = BinaryHeap<Candidate>()
  /// The words in which a candidate's pair was seen, in ascending order.
  private var places: [[Int32]] = []

  /// - Parameter vocabulary: special tokens, then the 256 bytes in the alphabet's order.
  init(words table: ByteStringTable, counts: [Int], vocabulary: [[UInt8]]) {
    self.vocabulary = vocabulary
    wordCounts = counts
    ids = ByteStringTable()
    for bytes in vocabulary { _ = ids.intern(bytes.span) }
    var byteTokens = [Int32](repeating: 0, count: 256)
    for (id, bytes) in vocabulary.enumerated() where bytes.count == 1 {
      byteTokens[Int(bytes[0])] = Int32(id)
    }
    words = (0..<table.count).map { table[$0].map { byteTokens[Int($0)] } }
  }

  /// Merges until the vocabulary has the size, or no pair is left.
  mutating func run(vocabularySize: Int) {
    countPairs()
    while vocabulary.count < vocabularySize, let top = queue.popSmallest() {
      let count = pairCounts[top.pair] ?? 0
      // Other merges have taken some of this pair's occurrences since it was queued.
      if count != top.count {
        queue.insert(Candidate(count: count, pair: top.pair, place: top.place))
        continue
      }
      if count < 1 { break }
      merge(top)
    }
  }

  private mutating func countPairs() {
    var seen: [UInt64: [Int32]] = [:]
    for (index, word) in words.enumerated() {
      for (left, right) in zip(word, word.dropFirst()) {
        note(PairTable.key(left, right), wordCounts[index], in: Int32(index), &seen)
      }
    }
    enqueue(seen)
  }

  private mutating func note(
    _ pair: UInt64, _ change: Int, in word: Int32, _ seen: inout [UInt64: [Int32]]
  ) {
    pairCounts[pair, default: 0] += change
    guard change > 0 else { return }
    if seen[pair]?.last != word { seen[pair, default: []].append(word) }
  }

  private mutating func enqueue(_ seen: [UInt64: [Int32]]) {
    for (pair, words) in seen {
      let count = pairCounts[pair] ?? 0
      guard count > 0 else { continue }
      queue.insert(Candidate(count: count, pair: pair, place: places.count))
      places.append(words)
    }
  }

  private mutating func merge(_ top: Candidate) {
    let left = Int32(truncatingIfNeeded: top.pair >> 32)
    let right = Int32(truncatingIfNeeded: top.pair)
    let bytes = vocabulary[Int(left)] + vocabulary[Int(right)]
    let id = ids.intern(bytes.span)
    if id == vocabulary.count { vocabulary.append(bytes) }
    merges.append(Tokenizer.Merge(left: left, right: right))

    var seen: [UInt64: [Int32]] = [:]
    let affected = places[top.place]
    places[top.place] = []
    for index in affected {
      var word: [Int32] = []
      swap(&word, &words[Int(index)])
      replace(left, right, by: Int32(id), in: &word, index: index, &seen)
      swap(&word, &words[Int(index)])
    }
    enqueue(seen)
  }

  /// Merges a pair within a word, in place, and keeps the counts of the pairs beside it.
  private mutating func replace(
    _ left: Int32, _ right: Int32, by merged: Int32, in word: inout [Int32], index: Int32,
    _ seen: inout [UInt64: [Int32]]
  ) {
    let count = wordCounts[Int(index)]
    var read = 0
    var written = 0
    while read < word.count {
      guard word[read] == left, read + 1 < word.count, word[read + 1] == right else {
        word[written] = word[read]
        written += 1
        read += 1
        continue
      }
      if written > 0 {
        note(PairTable.key(word[written - 1], left), -count, in: index, &seen)
        note(PairTable.key(word[written - 1], merged), count, in: index, &seen)
      }
      if read + 2 < word.count {
        note(PairTable.key(right, word[read + 2]), -count, in: index, &seen)
        note(PairTable.key(merged, word[read + 2]), count, in: index, &seen)
      }
      word[written] = merged
      written += 1
      read += 2
    }
    word.removeLast(word.count - written)
  }
}
