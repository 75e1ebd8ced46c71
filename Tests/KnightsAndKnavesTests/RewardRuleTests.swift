import FulcrumKernel
import KnightsAndKnavesPlugin
import Testing

/// One text and the total that the published rules give it, worked by hand from the rules.
struct RewardCase: Sendable, CustomTestStringConvertible {
  let why: String
  let text: String
  let answer: String
  let total: Double

  var testDescription: String { why }

  /// A response in the right format with the given text between the answer tags.
  static func answered(_ why: String, _ content: String, of answer: String, _ total: Double)
    -> RewardCase
  {
    RewardCase(
      why: why, text: "Assistant: <think>hm</think><answer>\(content)</answer>", answer: answer,
      total: total)
  }

  /// A whole text, with one knight called Tess as the truth.
  static func whole(_ why: String, _ text: String, _ total: Double) -> RewardCase {
    RewardCase(why: why, text: text, answer: "(1) Tess is a knight", total: total)
  }
}

private let pair = "(1) Tess is a knight\n(2) Mark is a knave"

private let answers: [RewardCase] = [
  .answered("all right", "(1) Tess is a knight\n(2) Mark is a knave", of: pair, 3),
  .answered("another order", "Mark is a knave, Tess is a knight", of: pair, 3),
  .answered("one role wrong", "Tess is a knight. Mark is a knight.", of: pair, -0.5),
  .answered("all roles wrong", "Tess is a knave. Mark is a knight.", of: pair, -0.5),
  .answered("one person missing", "Tess is a knight", of: pair, -1),
  .answered("empty", "", of: pair, -1),
  .answered("white space only", " \n\u{3000}\u{1C} ", of: pair, -1),
  .answered("letter case", "TESS IS A KNIGHT mark Is A knAVE", of: pair, 3),
  .answered("tabs and newlines", "Tess\tis\n\na \r\n knight Mark  is  a  knave", of: pair, 3),
  .answered(
    "every Unicode space",
    "Tess\u{A0}is\u{2003}a\u{3000}knight Mark\u{85}is\u{1F}a\u{2029}knave", of: pair, 3),
  .answered(
    "zero-width space is no space", "Tess is a\u{200B}knight Mark is a knave", of: pair, -1),
  .answered("a list twice", "Tess is a knight Tess is a knight", of: "Tess is a knight", -1),
  .answered(
    "the other role named too", "Tess is a knight, not a knave", of: "Tess is a knight", -1),
  .answered("a heading", "Knights: Tess is a knight", of: "Tess is a knight", -1),
  .answered("plural", "Tess is a knights", of: "Tess is a knight", -1),
  .answered("possessive", "Tess is a knight's friend", of: "Tess is a knight", 3),
  .answered("another article", "Tess is the knight", of: "Tess is a knight", -1),
  .answered("no article", "Tess is knight", of: "Tess is a knight", -1),
  .answered("a colon for the verb", "Tess: knight", of: "Tess is a knight", -1),
  .answered("bold around all", "**Tess is a knight**", of: "Tess is a knight", 3),
  .answered("bold around the name", "**Tess** is a knight", of: "Tess is a knight", -1),
  .answered("bold around the role", "Tess is a **knight**", of: "Tess is a knight", -1),
  .answered("an underscore is a word scalar", "_Tess is a knight_", of: "Tess is a knight", -1),
  .answered("a name inside a longer one", "Tessa is a knight", of: "Tess is a knight", -1),
  .answered("a hyphenated name", "Anne-Tess is a knight", of: "Tess is a knight", 3),
  .answered("a condition counts as a claim", "If Tess is a knight", of: "Tess is a knight", 3),
  .answered("a negation counts as a claim", "not so: Tess is a knight", of: "Tess is a knight", 3),
  .answered(
    "the first claim wins", "Tess is a knave. Tess is a knight. Mark is a", of: pair, -1),
  .answered(
    "the first claim wins when the count fits", "Tess is a knave Tess is a knight Mark is a",
    of: "Tess is a knight\nTess is a knave", -1),
  .answered("a word of another script before", "答案Tess is a knight", of: "Tess is a knight", -1),
  .answered("full-width colon before", "答案：Tess is a knight。", of: "Tess is a knight", 3),
  .answered("another script after the role", "Tess is a knightです", of: "Tess is a knight", -1),
  .answered("a superscript digit is a word", "Tess is a knight²", of: "Tess is a knight", -1),
  .answered("a half is a word", "Tess is a knight½", of: "Tess is a knight", -1),
  .answered("a mark on the role is none", "Tess is a knight\u{301}", of: "Tess is a knight", 3),
  .answered(
    "a mark after the name is no space", "Tess\u{301} is a knight", of: "Tess is a knight", -1),
  .answered("a mark before the name", "\u{301}Tess is a knight", of: "Tess is a knight", 3),
  .answered("long s folds", "Te\u{17F}s i\u{17F} a knight", of: "Tess is a knight", 3),
  .answered(
    "Kelvin sign folds and counts", "Mar\u{212A} is a \u{212A}nave", of: "Mark is a knave", 3),
  .answered(
    "dotless i folds but doesn't count", "Tess is a kn\u{131}ght", of: "Tess is a knight", -1),
  .answered(
    "dotted I folds but doesn't count", "Tess is a kn\u{130}ght", of: "Tess is a knight", -1),
  .answered(
    "dotted I makes a role of its own", "Tess is a kn\u{130}ght, a knight", of: "Tess is a knight",
    -0.5),
  .answered("dotless i in the verb", "Tess \u{131}s a knight", of: "Tess is a knight", 3),
  .answered(
    "tags in the other case are text", "<Answer>Tess is a knight", of: "Tess is a knight", 3),
]

private let truths: [RewardCase] = [
  .answered("other role words give no names", "Tess is a saint", of: "Tess is a saint", -1),
  .answered("no truth and no claim", "nobody", of: "", -1),
  .answered("an accent spoils the name", "is is a knight", of: "Zoë is a knight", 3),
  .answered("of two names the first", "Mary is a knight", of: "Mary Jane is a knight", 3),
  .answered(
    "a person called Knight", "Knight is a knave", of: "Knight is a knave", -1),
  .answered("equal names: the last", "Tess is a knave", of: "Tess is a knight\nTess is a knave", 3),
  .answered(
    "names differ by case: two people", "Tess is a knight",
    of: "Tess is a knight\ntess is a knight", -1),
  .answered(
    "the truth may skip words", "Tess is a knave", of: "9 Tess, no doubt, is our Knave!", 3),
  .answered("a digit spoils the name", "is is a knave", of: "Tess2 is a knave", 3),
]

private let formats: [RewardCase] = [
  .whole(
    "chat header", "<|im_start|>assistant\n<think></think><answer>Tess is a knight</answer>", 3),
  .whole(
    "Llama 3's header is none of the published rules",
    "<|start_header_id|>assistant<|end_header_id|>\n\n<think></think>"
      + "<answer>Tess is a knight</answer>", -1),
  .whole("no header, good tags", "<think></think><answer>Tess is a knight</answer>", -1),
  .whole("header in lower case", "assistant: <think></think><answer>Tess is a knight</answer>", -1),
  .whole(
    "thinking opened twice", "Assistant:<think><think></think><answer>Tess is a knight</answer>", -3
  ),
  .whole("thinking never opened", "Assistant:</think><answer>Tess is a knight</answer>", -3),
  .whole("answer never closed", "Assistant:<think></think><answer>Tess is a knight", -3),
  .whole(
    "two answers", "Assistant:<think></think><answer>a</answer><answer>Tess is a knight</answer>",
    -3),
  .whole(
    "answer inside the thinking", "Assistant:<think><answer>Tess is a knight</answer></think>", -3),
  .whole(
    "tags before the header don't count",
    "<think></think><answer>no</answer>Assistant:<think></think><answer>Tess is a knight</answer>",
    3),
  .whole(
    "text around the tags", "Assistant: x <think>y</think> z <answer>Tess is a knight</answer> w", 3
  ),
  .whole(
    "Assistant: in the thinking moves the cut",
    "<|im_start|>assistant<think>Assistant:</think><answer>Tess is a knight</answer>", -3),
  .whole(
    "Assistant: twice: the first",
    "Assistant:<think>Assistant:</think><answer>Tess is a knight</answer>", 3),
  .whole(
    "a mark after a tag",
    "Assistant:<think>\u{301}</think>\u{301}<answer>\u{301}Tess is a knight</answer>\u{301}", 3),
  .whole("a tag in capitals", "Assistant:<THINK></think><answer>Tess is a knight</answer>", -3),
  .whole("a space in a tag", "Assistant:<think></think><answer >Tess is a knight</answer>", -3),
  .whole("nothing", "", -3),
]

@Test(arguments: answers + truths + formats)
func `each trap of the published rules has its total`(_ example: RewardCase) throws {
  #expect(try total(example.text, answer: example.answer) == example.total)
}

@Test func `the four totals have outcomes and parts`() throws {
  let cases: [(String, RewardOutcome, Double, Double)] = [
    ("<answer>Tess is a knight</answer>", .correct, 1, 2),
    ("<answer>Tess is a knave</answer>", .wrong, 1, -1.5),
    ("<answer>Tess is a rook</answer>", .unparseable, 1, -2),
    ("Tess is a knight", .badFormat, -1, -2),
  ]
  for (text, outcome, format, answer) in cases {
    let score = try score(
      " right.</think>" + text, prompt: "Assistant: <think>", answer: "(1) Tess is a knight")
    #expect(score.outcome == outcome)
    #expect(score.parts.map(\.name) == ["format", "answer"])
    #expect(score.parts.map(\.value) == [format, answer])
    #expect(score.value == format + answer)
  }
}

@Test func `Llama 3's header in the prompt begins the response`() throws {
  let header = "<|start_header_id|>assistant<|end_header_id|>\n\n<think>"
  let prompt = "<think></think><answer></answer>" + header
  let truth = "(1) Tess is a knight"
  #expect(
    try total("</think><answer>\(truth)</answer><|eot_id|>", prompt: prompt, answer: truth) == 3)
  // The published headers go first, as they do in the other chat format.
  #expect(
    try total("Assistant:</think><answer>\(truth)</answer>", prompt: prompt, answer: truth) == -3)
}

@Test func `a prompt's own tags before the header don't count`() throws {
  // Both published prompts show the four tags as an example.
  for style in PromptStyle.allCases {
    let prompt = style.prompt(for: "Tess says Tess is a knight. Who is who?")
    let response = "so</think><answer>(1) Tess is a knight</answer>"
    #expect(try total(response, prompt: prompt, answer: "(1) Tess is a knight") == 3)
    #expect(try total("<think>" + response, prompt: prompt, answer: "(1) Tess is a knight") == -3)
  }
}

@Test func `an answer that calls nobody a knight or a knave is refused before any completion`()
  throws
{
  let reward = try KnightsAndKnavesReward(
    Parameters(for: KnightsAndKnavesReward.manual.parameters, at: "reward"),
    context: ComponentContext())
  func fault(_ answer: String) -> FulcrumError? {
    failure { try reward.check(TaskItem(id: "", prompt: "", answer: answer, category: "")) }
  }
  #expect(fault("(1) Ann is a knight\n(2) Bob is a knave") == nil)
  #expect(
    fault("72")
      == FulcrumError(
        .data, "expected an answer with lines like 'Ann is a knight', got '72'",
        hint: "this reward judges knights-and-knaves puzzles; name another for another task"))
}
