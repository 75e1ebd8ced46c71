import FulcrumKernel
import Wire

/// Sees to it that the pieces of a pass have the tokens that take part, each once, those of a sequence
/// in one piece.
struct PieceCheck {
  private let batch: SequenceBatch
  private let tokens: Range<Int>
  private let participants: TokenMask
  /// The sequences that a piece has had.
  private var sequences: Set<Int> = []
  /// The tokens that take part and were in no piece yet.
  private(set) var missing: Int

  init(_ batch: SequenceBatch, _ sequences: Range<Int>, _ participants: TokenMask) {
    self.batch = batch
    self.participants = participants
    tokens = batch.tokens(ofSequences: sequences)
    missing = tokens.count { participants.contains($0) }
  }

  /// - Parameter places: of a piece's tokens in the batch.
  mutating func take(_ places: [Int]) throws(WireFault) {
    guard zip(places, places.dropFirst()).allSatisfy({ $0 < $1 }),
      places.allSatisfy({ tokens.contains($0) && participants.contains($0) })
    else {
      throw WireFault("expected places of tokens that take part, ascending, each once")
    }
    var last = batch.tokens(ofSequences: 0..<0)
    for place in places where !last.contains(place) {
      let sequence = batch.sequence(ofToken: place)
      last = batch.tokens(ofSequence: sequence)
      guard sequences.insert(sequence).inserted else {
        throw WireFault("expected the tokens of sequence \(sequence) in one piece, got two")
      }
    }
    missing -= places.count
  }
}
