import Foundation
import FulcrumKernel
import KnightsAndKnavesPlugin
import Testing

/// Ann: "Bob is a knave." Bob: "Ann is a knight and Bob is a knight." Ann is right.
private let puzzle = Puzzle(
  statements: [.knave(1), .and([.knight(0), .knight(1)])], solution: [true, false])
private let names = ["Ann", "Bob"]

/// Draws the first of each list, the order as it is, knights, and that every chance above 0 happens.
private struct FirstGenerator: RandomNumberGenerator {
  // Not 0: a bounded draw takes a product with low bits near 0 for a biased one, and draws again.
  mutating func next() -> UInt64 { 1 << 32 }
}

private func completion(
  attempts: Int = 3, luck: Double = 0, quit: Double = 0, haste: Double = 0, errorRate: Double = 0
) -> String {
  var random = FirstGenerator()
  let trace = WordyTrace(
    attempts: attempts, luck: luck, quit: quit, haste: haste, errorRate: errorRate)
  return trace.completion(for: puzzle, names: names, using: &random)
}

@Test func `a lucky trial is the solution, and every statement is checked`() {
  #expect(
    completion(luck: 1)
      == " maybe Ann bob>Ann bob means bob yes true Ann fits"
      + ">Bob Ann and Bob means Ann yes bob no false bob fits so</think><answer>Ann is a knight, Bob is a knave</answer>"
  )
}

/// Both knights: Ann's claim is false, which a knight's can't be.
private let clash = "Ann Bob>Ann bob means Bob no false Ann clash"
private let surrender = " stop</think><answer>Ann is a knight, Bob is a knight</answer>"

@Test func `after a clash another trial follows, and the last is not checked`() {
  // These draws know no other trial.
  #expect(completion() == " maybe \(clash) well \(clash) well Ann Bob\(surrender)")
}

@Test func `who quits makes one more trial, and who has one attempt checks nothing`() {
  #expect(completion(quit: 0.1) == " maybe \(clash) well Ann Bob\(surrender)")
  #expect(
    completion(attempts: 1, luck: 1)
      == " maybe Ann bob stop</think><answer>Ann is a knight, Bob is a knave</answer>")
}

@Test func `haste leaves out the checks, and an error turns a verdict round`() {
  #expect(
    completion(luck: 1, haste: 0.1)
      == " maybe Ann bob so</think><answer>Ann is a knight, Bob is a knave</answer>")
  // The solution is refused by error, so it isn't tried again; the retry begins with Bob, whose role
  // it changes.
  #expect(
    completion(attempts: 2, luck: 1, errorRate: 0.1)
      == " maybe Ann bob>Ann bob means bob yes true Ann clash well Bob Ann stop"
      + "</think><answer>Bob is a knight, Ann is a knight</answer>")
}

@Test func `what is written is true of the puzzle that the prompt tells`() throws {
  let task = try makeTask([
    "people": .integers([2, 3, 4]), "wording": .text("terse"), "trace": .text("wordy"),
  ])
  var trials = 0
  for index in 0..<600 {
    let demonstration = try task.demonstration(index)
    let start = try #require(demonstration.prompt.firstRange(of: "user\n")).upperBound
    let end = try #require(demonstration.prompt.firstRange(of: "<|im_end|>")).lowerBound
    let claims = demonstration.prompt[start..<end].split(separator: ">").map(String.init)
    let names = claims.map { String($0.prefix { $0 != " " }) }
    let parts = demonstration.completion.components(separatedBy: "</think><answer>")
    // Behind each verdict or at the beginning may stand a word, a trial, or the last word.
    var trial: Set<String> = []
    var isRetryOfAnother = true
    var count = 0
    func readTrial(_ words: ArraySlice<String>) {
      guard words.count > 1 else { return }
      count += 1
      let openers = count == 1 ? TraceWords.openers : TraceWords.retries
      #expect(openers.contains(words.first ?? ""))
      isRetryOfAnother = isRetryOfAnother && !trial.contains(words[words.startIndex + 1])
      trial = Set(words.dropFirst().prefix(names.count))
      #expect(Set(trial.map { $0.capitalized }) == Set(names))
    }
    let pieces = parts[0].components(separatedBy: ">")
    readTrial(words(pieces[0])[...])
    for check in pieces.dropFirst() {
      let claim = try #require(claims.first { check.hasPrefix($0 + " ") })
      let rest = words(String(check.dropFirst(claim.count)))
      let said = words(claim).dropFirst()
      let leaves = said.filter { names.contains($0.capitalized) }
      let marks = leaves.map { trial.contains($0) }
      #expect(TraceWords.readings.contains(rest[0]))
      let facts = leaves.flatMap { leaf in
        let name = leaf.capitalized
        return [
          trial.contains(name) ? name : name.lowercased(), trial.contains(leaf) ? "yes" : "no",
        ]
      }
      #expect(Array(rest[1...facts.count]) == facts)
      let isTrue = truth(of: said, marks)
      let speaker = words(claim)[0]
      let isKnight = trial.contains(speaker)
      #expect(
        rest[(facts.count + 1)...(facts.count + 2)]
          == ["\(isTrue)", isKnight ? speaker : speaker.lowercased()])
      let verdicts = isTrue == isKnight ? TraceWords.fits : TraceWords.clashes
      #expect(verdicts.contains(rest[facts.count + 3]))
      readTrial(rest[(facts.count + 4)...])
    }
    #expect(isRetryOfAnother, "a retry begins with a role that changes")
    let last = try #require(words(parts[0]).last)
    #expect(count == 3 || TraceWords.successes.contains(last))
    #expect(count <= 3 && (TraceWords.successes + TraceWords.surrenders).contains(last))
    for name in names {
      #expect(parts[1].contains("\(name) is a \(trial.contains(name) ? "knight" : "knave")"))
    }
    trials += count
  }
  // A first trial is right with chance 1/4 + 3/4 · 2^-n, and a hasty writer ends with a wrong one.
  #expect((900...1500).contains(trials), "\(trials)")
}

private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

/// Tells whether a claim of at most one operator above leaves is true, by its words.
private func truth(of claim: ArraySlice<String>, _ leaves: [Bool]) -> Bool {
  if claim.contains("and") { return leaves[0] && leaves[1] }
  if claim.contains("or") { return leaves[0] || leaves[1] }
  if claim.contains("then") { return !leaves[0] || leaves[1] }
  if claim.contains("iff") { return leaves[0] == leaves[1] }
  return leaves[0] != claim.contains("not")
}

@Test func `first trials are solutions as often as luck and chance say`() {
  var right = 0
  let trace = WordyTrace(attempts: 1, luck: 0.25, quit: 0, haste: 0, errorRate: 0)
  let names = ["Ann", "Bob", "Cid"]
  for number in 0..<2000 {
    var random = stream(UInt64(number))
    let puzzle = PuzzleGenerator(people: 3).puzzle(using: &random)
    let truth = RoleList(truth: Puzzle.rolesText(puzzle.solution, names: names))
    let completion = trace.completion(for: puzzle, names: names, using: &random)
    right +=
      FirstTrial(of: completion, to: ">Ann a>Bob b>Cid c", about: truth).isKnight == puzzle.solution
      ? 1 : 0
  }
  // 1/4 + 3/4 · 1/8 = 0.344 of 2000 are 688; deviation sqrt(2000 · 0.344 · 0.656) = 21; five of them.
  #expect(abs(right - 688) < 106, "\(right)")
}

@Test func `words of one kind are different, and none is a role or a name`() {
  let kinds = [
    TraceWords.openers, TraceWords.retries, TraceWords.readings, TraceWords.fits,
    TraceWords.clashes, TraceWords.successes, TraceWords.surrenders,
  ]
  for words in kinds { #expect(Set(words).count == words.count) }
  // A verdict's word and the last word say how it ends.
  #expect(Set(TraceWords.fits).isDisjoint(with: TraceWords.clashes))
  #expect(Set(TraceWords.successes).isDisjoint(with: TraceWords.surrenders))
  let reserved = Set(
    [
      "knight", "knave", "not", "and", "or", "if", "then", "iff", "yes", "no", "true", "false",
      "is", "a",
    ] + FirstNames.all + FirstNames.all.map { $0.lowercased() })
  #expect(reserved.isDisjoint(with: kinds.joined()))
}
