import FulcrumKernel
import JSON

/// Holds some numbers and what is to be made of them, each used once.
package struct Puzzle: Hashable, Sendable {
  /// The numbers in the order in which they are shown.
  package let numbers: [Int]
  package let target: Int

  package init(numbers: [Int], target: Int) {
    self.numbers = numbers
    self.target = target
  }

  /// Reads the answer that `answer` writes, which is TinyZero's `ground_truth`: an object with
  /// `target` and `numbers`; `nil` for any other text.
  package init?(answer: String) {
    guard let object = try? JSONReader.parse([UInt8](answer.utf8)),
      let target = object["target"]?.integer, let elements = object["numbers"]?.elements
    else { return nil }
    let numbers = elements.compactMap(\.integer)
    guard numbers.count == elements.count, !numbers.isEmpty else { return nil }
    self.init(numbers: numbers, target: target)
  }

  /// The text from which a reward function knows the puzzle: `{"target":68,"numbers":[17,17,3]}`.
  package var answer: String {
    #"{"target":\#(target),"numbers":[\#(numbers.map(String.init).joined(separator: ","))]}"#
  }

  /// Puzzles that differ only in the order of their numbers share it: `3 17 17 = 68`.
  package var form: String {
    numbers.sorted().map(String.init).joined(separator: " ") + " = \(target)"
  }

  /// Whether puzzles of this form are kept for evaluation: one form in eight, the same for every
  /// seed, and for every setting of the task.
  package var isHeldOut: Bool { hash % 8 == 0 }

  /// A hash of the form that is the same in every process: FNV-1a, then the finisher of SplitMix64.
  ///
  /// FNV's low bits alone follow from the low bits of the digits: of any numbers, targets at regular
  /// distances would be held out, and the held-out half would measure an extrapolation.
  package var hash: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in form.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    hash = (hash ^ hash >> 30) &* 0xbf58_476d_1ce4_e5b9
    hash = (hash ^ hash >> 27) &* 0x94d0_49bb_1331_11eb
    return hash ^ hash >> 31
  }

  /// The category of its task item: `3 numbers`.
  package var category: String { numbers.count == 1 ? "1 number" : "\(numbers.count) numbers" }
}
