/// Holds the completions of a wave as they grow: one row for each sample, with room for the
/// longest.
///
/// Threads write the tokens of different samples at the same time.
final class DrawnTokens {
  private let room: Int
  private let tokens: UnsafeMutablePointer<Int32>
  private let logProbabilities: UnsafeMutablePointer<Float>

  init(samples: Int, room: Int) {
    self.room = room
    tokens = .allocate(capacity: samples * room)
    logProbabilities = .allocate(capacity: samples * room)
    tokens.initialize(repeating: 0, count: samples * room)
    logProbabilities.initialize(repeating: 0, count: samples * room)
  }

  deinit {
    tokens.deallocate()
    logProbabilities.deallocate()
  }

  func record(_ drawn: (token: Int32, logProbability: Float), sample: Int, position: Int) {
    tokens[sample * room + position] = drawn.token
    logProbabilities[sample * room + position] = drawn.logProbability
  }

  func token(sample: Int, position: Int) -> Int32 { tokens[sample * room + position] }

  /// Returns a sample's first `count` tokens.
  func completion(sample: Int, count: Int) -> [Int32] {
    Array(UnsafeBufferPointer(start: tokens + sample * room, count: count))
  }

  /// Returns log π of a sample's first `count` tokens.
  func logProbabilities(sample: Int, count: Int) -> [Float] {
    Array(UnsafeBufferPointer(start: logProbabilities + sample * room, count: count))
  }
}
