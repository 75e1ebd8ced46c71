import FulcrumKernel
import PluginTesting
import Testing

/// Countdown's puzzles, one in eight held out by FNV-1a of the sorted numbers and the target.
enum SplitPuzzles {
  /// - Parameter isMixed: whether SplitMix64's finisher follows, as it must: the low bits of FNV are those of
  ///   what is hashed.
  static func item(_ index: Int, isHeldOut: Bool, isMixed: Bool) -> TaskItem {
    let purpose = isHeldOut ? "held-out" : "train"
    var random = CounterRandom(seed: 5, purpose: purpose).stream(UInt64(index))
    while true {
      let numbers = (0..<3).map { _ in Int.random(in: 1...20, using: &random) }
      let target = numbers.dropFirst().reduce(numbers[0]) { result, number in
        switch Int.random(in: 0..<3, using: &random) {
        case 0: result + number
        case 1: result - number
        default: result * number
        }
      }
      guard (10...99).contains(target) else { continue }
      let form = numbers.sorted().map(String.init).joined(separator: " ") + " = \(target)"
      guard (hash(form, isMixed: isMixed) % 8 == 0) == isHeldOut else { continue }
      let shown = numbers.map(String.init).joined(separator: " ")
      return TaskItem(
        id: "\(purpose)/\(index)", prompt: "\(shown) make \(target):", answer: "\(target)",
        category: "3 numbers")
    }
  }

  private static func hash(_ text: String, isMixed: Bool) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    guard isMixed else { return hash }
    hash = (hash ^ hash >> 30) &* 0xbf58_476d_1ce4_e5b9
    hash = (hash ^ hash >> 27) &* 0x94d0_49bb_1331_11eb
    return hash ^ hash >> 31
  }
}

@Suite struct ItemLikenessTests {
  /// A hundred different items of one look: six digits, `change` applied to each.
  private func items(
    _ purpose: String, _ count: Int = 100, change: (inout TaskItem, Int) -> Void = { _, _ in }
  ) -> [TaskItem] {
    (0..<count).map { index in
      var random = CounterRandom(seed: 3, purpose: purpose).stream(UInt64(index))
      let number = Int.random(in: 100_000...999_999, using: &random)
      var item = TaskItem(id: "\(index)", prompt: "\(number)?", answer: "yes", category: "all")
      change(&item, index)
      return item
    }
  }

  private func item(
    _ item: TaskItem, prompt: String? = nil, answer: String? = nil, category: String? = nil
  )
    -> TaskItem
  {
    TaskItem(
      id: item.id, prompt: prompt ?? item.prompt, answer: answer ?? item.answer,
      category: category ?? item.category)
  }

  @Test func `a split by an unmixed hash is found, and says in what it shows`() throws {
    func puzzles(isHeldOut: Bool, isMixed: Bool) -> [TaskItem] {
      (0..<1000).map { SplitPuzzles.item($0, isHeldOut: isHeldOut, isMixed: isMixed) }
    }
    let found = try #require(
      ItemLikeness.difference(
        training: puzzles(isHeldOut: false, isMixed: false),
        heldOut: puzzles(isHeldOut: true, isMixed: false)))
    #expect(found.contains("modulo"), "\(found)")
    #expect(
      ItemLikeness.difference(
        training: puzzles(isHeldOut: false, isMixed: true),
        heldOut: puzzles(isHeldOut: true, isMixed: true)) == nil)
  }

  @Test func `fair halves of one source are never found unlike`() {
    // The chance of one of these failing is 2e-4 at the level of 1e-6.
    for round in 0..<200 {
      #expect(
        ItemLikeness.difference(
          training: items("fair \(round)", 300), heldOut: items("held-out \(round)", 300)) == nil)
    }
  }

  @Test func `other answers are told with both shares`() {
    let training = items("train")
    let heldOut = items("held-out") { item, _ in item = self.item(item, answer: "nay") }
    // Cells (100, 0) and (0, 100), 50 expected in each: chi-square 200 with one degree of freedom, of
    // which erfc(10) = 2.09e-45 lies beyond.
    #expect(
      ItemLikeness.difference(training: training, heldOut: heldOut)?.hasPrefix(
        "in category 'all' they differ in the answer: ") == true)
    #expect(
      ItemLikeness.difference(training: training, heldOut: heldOut)?.hasSuffix(
        " (by chance with p = 2e-45)") == true)
  }

  @Test func `longer prompts are told with both quartiles`() throws {
    let heldOut = items("held-out") { item, index in
      item = self.item(item, prompt: item.prompt + String(repeating: "?", count: 1 + index / 25))
    }
    // Distance 1; (√50 + 0.12 + 0.11/√50) = 7.207, and 2 exp(-2 · 7.207²) = 1.5e-45.
    let found = try #require(ItemLikeness.difference(training: items("train"), heldOut: heldOut))
    #expect(
      found
        == "in category 'all' they differ in the prompt's length: quartiles 7, 7, 7 in training, 9, 10, 11"
        + " held out (by chance with p = 2e-45)")
  }

  @Test func `a task may mean it if it reads its items, or picks them by form`() throws {
    func likeness(_ heldOut: @escaping @Sendable (TaskItem) -> TaskItem) throws -> TaskLikeness {
      try TaskLikeness(
        of: TaskOf(
          training: { SplitPuzzles.item($0, isHeldOut: false, isMixed: false) },
          heldOut: { count in
            (0..<count).map { heldOut(SplitPuzzles.item($0, isHeldOut: true, isMixed: false)) }
          }))
    }
    let drawn = try likeness { $0 }
    #expect(drawn.difference != nil && !drawn.mayBeMeant)
    let picked = try likeness { item in
      var item = item
      item.form = item.prompt
      return item
    }
    #expect(picked.difference != nil && picked.mayBeMeant)
    let parameters = try Parameters([:], for: [], at: "idea")
    let finite = try TaskLikeness(of: SoundTask(parameters, context: ComponentContext()))
    #expect(finite.difference == nil && finite.mayBeMeant)
  }

  @Test func `few items, other categories and repeated forms prove nothing`() {
    let heldOut = items("held-out") { item, _ in item = self.item(item, answer: "nay") }
    #expect(
      ItemLikeness.difference(training: items("train"), heldOut: Array(heldOut.prefix(49))) == nil)
    #expect(
      ItemLikeness.difference(
        training: items("train"), heldOut: heldOut.map { item($0, category: "harder") }) == nil)
    // A hundred items that are one puzzle in other words are one item.
    let repeated = heldOut.map { item in
      var item = item
      item.form = "one"
      return item
    }
    #expect(ItemLikeness.difference(training: items("train"), heldOut: repeated) == nil)
  }
}
