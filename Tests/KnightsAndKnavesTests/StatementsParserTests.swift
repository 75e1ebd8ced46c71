import FulcrumKernel
import KnightsAndKnavesPlugin
import Testing

@Test func `the published tuple literal is read`() throws {
  let text = """
    (('not', ('telling-truth', 2)), ('or', ('telling-truth', 1), ('lying', 2)), \
    ('<=>', ('telling-truth', 1), ('lying', 1)), ('->', ('lying', 0), ('lying', 3)))
    """
  #expect(
    try StatementsParser.parse(text) == [
      .not(.knight(2)), .or([.knight(1), .knave(2)]), .iff(.knight(1), .knave(1)),
      .implies(.knave(0), .knave(3)),
    ])
}

@Test func `wider and deeper statements and a trailing comma are read`() throws {
  let text = "(('and', ('lying', 0), ('not', ('not', ('lying', 0))), ('lying', 0)),)"
  #expect(
    try StatementsParser.parse(text)
      == [.and([.knave(0), .not(.not(.knave(0))), .knave(0)])])
}

@Test(arguments: [
  ("", "expected '(' at byte 0 of 'statements', got the end"),
  ("('lying', 0)", "expected '(' at byte 1 of 'statements', got ''lying', 0)'"),
  ("(('lying', 0)", "expected ')' at byte 13 of 'statements', got the end"),
  (
    "(('lying', x),)",
    "expected the number of a person, below 64 at byte 11 of 'statements', got 'x),)'"
  ),
  (
    "(('lying', 99),)",
    "expected the number of a person, below 64 at byte 11 of 'statements', got '99),)'"
  ),
  (
    "(('xor', ('lying', 0), ('lying', 0)),)",
    "expected a statement of the published grammar at byte 2 of 'statements', got ''xor', ('lying', 0),'"
  ),
  (
    "(('and', ('lying', 0)),)",
    "expected a statement of the published grammar at byte 2 of 'statements', got ''and', ('lying', 0))'"
  ),
  ("((lying, 0),)", "expected a quoted word at byte 2 of 'statements', got 'lying, 0),)'"),
  ("(('lying', 0),) x", "expected the end at byte 16 of 'statements', got 'x'"),
  ("(('lying', 1),)", "expected persons below 1 in 'statements', got 1"),
])
func `text outside the grammar is refused with its place`(_ text: String, _ message: String) {
  let error = failure { _ = try StatementsParser.parse(text) }
  #expect(error?.code == .data)
  #expect(error?.message == message)
}

@Test func `endless nesting is refused and not followed`() {
  let error = failure {
    _ = try StatementsParser.parse("(" + String(repeating: "('not', ", count: 100_000))
  }
  #expect(error?.message.hasPrefix("expected at most 64 nested statements at byte 513") == true)
}
