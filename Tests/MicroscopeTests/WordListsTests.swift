import FulcrumKernel
import Microscope
import Runs
import Testing

@Suite struct WordListsTests {
  private func counts(_ yaml: String, _ text: String) throws -> [Int] {
    WordCounter(try WordLists(text: yaml, source: "w.yaml")).count(text).found
  }

  @Test func `categories keep their order, and plain words are texts`() throws {
    let lists = try WordLists(text: "Z: [yes, no]\nA: [1, 'True']\nM: [x]", source: "w.yaml")
    #expect(lists.categories.map(\.name) == ["Z", "A", "M"])
    #expect(lists.categories[1].phrases.map { $0.map(\.text) } == [["1"], ["true"]])
    #expect(WordCounter(lists).count("No, yes: TRUE, 1").found == [2, 2, 0])
  }

  @Test func `a whole word counts, whatever its case, and no part of one`() throws {
    #expect(try counts("So: [so]", "So SO so. Also sofa so-so") == [5])
    #expect(try counts("N: [don't]", "Don’t don't dont 'don't'") == [3])
  }

  @Test func `a star stands for any ending, and for none`() throws {
    #expect(try counts("C: [conclud*]", "conclude, concluding conclud; conclusion") == [3])
    #expect(try counts("K: [knight*]", "knight knights knight's unknightly") == [3])
    #expect(try counts("C: [look* at it*]", "Looking at its top: looks at that") == [1])
  }

  @Test func `a phrase is words in a row`() throws {
    #expect(try counts("P: [if then]", "if then, if\n then; if, then if-then ifthen") == [3])
    #expect(try counts("P: [step by step]", "step-by-step Step by step by step") == [2])
  }

  @Test func `the longest phrase counts, once, and a word counts once`() throws {
    let yaml = "A: [given, given that]\nB: [that]\nC: [a b, b c d, c]"
    // A: "given that", "given". B sees what A has taken. C: "a b" takes the b of "b c d".
    #expect(try counts(yaml, "given that given. That a b c d") == [2, 2, 2])
    // "a b" can't be; "b c d" begins one word later.
    #expect(try counts("C: [a b x, b c d]", "a b c d") == [1])
  }

  @Test func `a text without a word has none`() throws {
    let (words, found) = WordCounter(try WordLists(text: "A: [x]", source: "w")).count(" - ")
    #expect(words == 0)
    #expect(found == [0])
  }

  @Test(arguments: [
    ("", "w.yaml: expected categories with lists of words, got nothing"),
    ("- so\n", "w.yaml:1: expected categories with lists of words, got a list"),
    ("{}", "w.yaml:1: expected categories with lists of words, got no key"),
    ("A: [a\n", "w.yaml:1: expected ',' or ']' in the list"),
    ("A: [a]\nB: so", "w.yaml:2: expected a list of words for 'B', got a single value"),
    ("A: [a]\nB:", "w.yaml:2: expected a list of words for 'B', got nothing"),
    ("A: []", "w.yaml:1: expected a list of words for 'A', got an empty list"),
    ("A:\n  - a\n  - [b]\n", "w.yaml:3: expected a word or phrase for 'A', got a list"),
    (
      "A: [a]\nB:\n- e.g.",
      "w.yaml:3: expected a word, or words with white space between them, for 'B', got 'e.g.'"
    ),
    ("A: ['*']", "w.yaml:1: expected a word, or words with white space between them, for 'A'"),
    ("A: [a*b]", "w.yaml:1: expected a word, or words with white space between them, for 'A'"),
    ("A: [\"'tis\"]", "w.yaml:1: expected a word, or words with white space between them"),
    (
      "A: [a, so]\nB:\n- So",
      "w.yaml:3: expected every word once, got 'So' for 'B' and before for 'A'"
    ),
  ]) func `what is no list of words is refused with its line`(text: String, message: String) {
    #expect {
      _ = try WordLists(text: text, source: "w.yaml")
    } throws: { error in
      "\(error)".hasPrefix(message) && (error as? FulcrumError)?.code == .configuration
    }
  }

  @Test func `a file that isn't there is not found`() {
    #expect {
      _ = try WordLists(file: "/nowhere/w.yaml")
    } throws: { error in
      "\(error)"
        == "/nowhere/w.yaml: expected a readable file with lists of words, found none\n  hint:"
        + " 'fulcrum microscope --print-words' prints the built-in lists, to be changed"
    }
  }
}

@Suite struct BuiltInWordsTests {
  @Test func `the categories are the paper's`() throws {
    #expect(
      try WordLists.builtIn().categories.map(\.name) == [
        "Analysis", "Statement", "Causal Indicator", "Conclusion Indicator", "Assumption",
        "Assertion",
      ])
  }

  /// Each word and phrase, read as a text, is one of its own category's and none of another's.
  @Test func `no word of one category is within another's`() throws {
    let lists = try WordLists.builtIn()
    let counter = WordCounter(lists)
    for (index, category) in lists.categories.enumerated() {
      for phrase in category.phrases {
        let text = phrase.map(\.text).joined(separator: " ")
        let expected = lists.categories.indices.map { $0 == index ? 1 : 0 }
        #expect(counter.count(text).found == expected, "\(category.name): \(text)")
      }
    }
  }

  @Test func `a solution's words are told apart`() throws {
    let text = """
      Let's consider Ann's claim step by step. Ann says that Bob is a knave. Suppose she lies: then \
      Bob is a knight, because knaves always lie. That can’t be, so Ann is a knight. Therefore Bob \
      must be a knave.
      """
    let (words, found) = WordCounter(try WordLists.builtIn()).count(text)
    #expect(words == 40)
    // consider, step by step; claim, says; because; so, therefore; suppose; always, can't, must.
    #expect(found == [2, 2, 1, 2, 1, 3])
  }
}
