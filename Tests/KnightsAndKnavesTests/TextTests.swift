import KnightsAndKnavesPlugin
import Testing

private let names = ["Ann", "Bob", "Cid"]

@Test(arguments: [
  (Statement.knight(0), "Ann is a knight"),
  (.knave(2), "Cid is a knave"),
  (.not(.knight(1)), "Bob is not a knight"),
  (.not(.knave(1)), "Bob is not a knave"),
  (.and([.knight(0), .knave(1)]), "Ann is a knight and Bob is a knave"),
  (.or([.knight(0), .knave(1)]), "Ann is a knight or Bob is a knave"),
  (.implies(.knave(0), .knave(2)), "if Ann is a knave then Cid is a knave"),
  (.iff(.knave(0), .knight(2)), "Ann is a knave if and only if Cid is a knight"),
  (
    .not(.and([.knight(0), .not(.knight(1))])),
    "it is false that (Ann is a knight and (Bob is not a knight))"
  ),
])
func `each kind of statement has its clause`(_ statement: Statement, _ clause: String) {
  #expect(Wording.claim(statement, names: names) == clause)
}

@Test func `the plain wording names the people and asks`() {
  let statements: [Statement] = [.knave(1), .implies(.knave(0), .knave(2)), .knight(2)]
  var random = stream(1)
  let quiz = Wording.plain.quiz(statements, names: names, using: &random)
  #expect(quiz.hasPrefix("People: Ann, Bob, Cid. "))
  #expect(quiz.hasSuffix(" Who is who?"))
  for clause in ["Bob is a knave", "if Ann is a knave then Cid is a knave", "Cid is a knight"] {
    #expect(quiz.contains(clause))
  }
}

@Test func `the plain forms are these four`() {
  let sentences = Wording.plain.forms.map { $0("Ann", "Bob is a knave") }
  #expect(
    sentences == [
      "Ann says Bob is a knave.", "Ann: Bob is a knave.", "Bob is a knave, says Ann.",
      "Ann claims Bob is a knave.",
    ])
}

@Test(arguments: [
  (Statement.knight(0), "Ann"),
  (.not(.knave(1)), "not bob"),
  (.and([.knight(0), .knave(1)]), "Ann and bob"),
  (.or([.knight(0), .knave(1)]), "Ann or bob"),
  (.implies(.knave(0), .knave(2)), "if ann then cid"),
  (.iff(.knave(0), .knight(2)), "ann iff Cid"),
  (.not(.and([.knight(0), .not(.knight(1))])), "not (Ann and not Bob)"),
])
func `each kind of statement has a terse clause`(_ statement: Statement, _ clause: String) {
  #expect(Wording.tersely(statement, names: names) == clause)
}

@Test func `the terse wording has each person's claim and nothing else`() {
  let statements: [Statement] = [.knave(1), .implies(.knave(0), .knave(2)), .knight(2)]
  var random = stream(1)
  #expect(
    Wording.terse.quiz(statements, names: names, using: &random)
      == ">Ann bob>Bob if ann then cid>Cid Cid")
}

@Test func `every form carries its speaker and claim once`() {
  for wording in [Wording.plain, .island] {
    let sentences = wording.forms.map { $0("Zed", "if Ann is a knave then Bob is a knave") }
    #expect(Set(sentences).count == sentences.count)
    #expect(sentences.count >= (wording == .island ? 8 : 3))
    for sentence in sentences {
      #expect(sentence.split(separator: "Zed", omittingEmptySubsequences: false).count == 2)
      #expect(sentence.contains("f Ann is a knave then Bob is a knave"))
    }
  }
}

@Test func `the island wording explains the roles`() {
  var random = stream(2)
  let quiz = Wording.island.quiz(
    [.knight(1), .knave(2), .knight(0)], names: names, using: &random)
  #expect(
    quiz.hasPrefix(
      """
      On a faraway island, whatever a knight says is true and whatever a knave says is false, and \
      everybody is one or the other. 3 islanders are waiting for you at the pier: Ann, Bob and \
      Cid. 
      """))
  #expect(quiz.hasSuffix(" Can you tell the knights from the knaves?"))
}

@Test func `first names are words that the reward can find`() {
  #expect(FirstNames.all.count >= 40)
  for (index, name) in FirstNames.all.enumerated() {
    #expect(name.utf8.allSatisfy { 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 })
    #expect(name.count <= 5 && name != "Knight")
    for (other, longer) in FirstNames.all.enumerated() where other != index {
      #expect(!longer.lowercased().hasPrefix(name.lowercased()), "\(name) \(longer)")
    }
  }
}

@Test func `the chat prompt is bare`() {
  #expect(
    PromptStyle.chat.prompt(for: "Who?")
      == "<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n<think>")
}

/// The instruction of both chat prompts.
private let instruction =
  "You are a helpful assistant. The assistant first thinks about the reasoning process in the mind "
  + "and then provides the user with the answer. The reasoning process and answer are enclosed "
  + "within <think> </think> and<answer> </answer> tags, respectively, i.e., <think> reasoning "
  + "process here </think><answer> answer here </answer>.  Now the user asks you to solve a logical "
  + "reasoning problem. After thinking, when you finally reach a conclusion, clearly state the "
  + "identity of each character within <answer> </answer> tags. i.e., <answer> (1) Zoey is a "
  + "knight\n(2) ... </answer>."

@Test func `the instruct prompt is the published one`() {
  #expect(
    PromptStyle.instruct.prompt(for: "Who?")
      == "<|im_start|>system\n\(instruction)\n<|im_end|>\n"
      + "<|im_start|>user\nWho?\n<|im_end|>\n<|im_start|>assistant\n<think>")
}

@Test func `the Llama 3 prompt has the published messages`() {
  #expect(
    PromptStyle.llama3.prompt(for: "Who?")
      == "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n\(instruction)<|eot_id|>"
      + "<|start_header_id|>user<|end_header_id|>\n\nWho?<|eot_id|>"
      + "<|start_header_id|>assistant<|end_header_id|>\n\n<think>")
}

@Test func `the base prompt is the published one`() {
  let instruction =
    "The user asks a question, and the Assistant solves it.The assistant first thinks about the "
    + "reasoning process in the mind and then provides the user with the final answer. The "
    + "reasoning process and answer are enclosed within <think> </think> and <answer> </answer> "
    + "tags, respectively, i.e., <think> reasoning process here </think><answer> answer here "
    + "</answer>. Now the user asks you to solve a logical reasoning problem. After thinking, "
    + "when you finally reach a conclusion, clearly state the identity of each character within "
    + "<answer> </answer> tags. List the identity of each person one by one, for example, "
    + "<answer> (1) Zoey is a knight\n(2) Oliver is a knight\n(3)... </answer>.\n\n"
  #expect(
    PromptStyle.base.prompt(for: "Who?") == instruction + "User:Who?\nAssistant: <think>")
}

@Test(.enabled(if: SharedData.isThere))
func `the instruct prompt equals the one in the published rows`() throws {
  for people in 3...7 {
    let path = SharedData.path("logicrl/\(people)ppl.test_dev.jsonl")
    for row in try PublishedFile.rows(of: [path]) {
      #expect(PromptStyle.instruct.prompt(for: row.quiz) == row.prompt)
    }
  }
}
