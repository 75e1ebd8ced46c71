import Files

/// Passes a program's standard error on to the run's log, and keeps its last line.
///
/// Before the first reply of all, only the first start's lines are shown: those of the next starts
/// would say the same again. They are held back, and shown if a reply comes.
struct Complaints {
  /// The most lines that are held back: the last ones.
  private static let heldLimit = 200

  private let log: ProgramLog
  private let history: ProgramHistory
  private let isFirst: Bool
  private var lines = LineBuffer(limit: ProgramLog.longestLine)
  private var held: [String] = []
  private(set) var lastWords = ""

  /// - Parameter isFirst: whether this is the first start.
  init(log: ProgramLog, history: ProgramHistory, isFirst: Bool) {
    self.log = log
    self.history = history
    self.isFirst = isFirst
  }

  mutating func add(_ chunk: Span<UInt8>) {
    var whole: [String] = []
    lines.add(chunk) { line, omitted in whole.append(Self.text(line, omitted)) }
    take(whole)
  }

  /// Takes what is left without a line break.
  mutating func flush() {
    var rest: [String] = []
    lines.flush { line, omitted in rest.append(Self.text(line, omitted)) }
    take(rest)
  }

  /// Shows what was held back, if the program has replied by now.
  mutating func release() { take([]) }

  private mutating func take(_ texts: [String]) {
    if let last = texts.last { lastWords = String(last.prefix(200)) }
    held += texts
    guard isFirst || history.hasReplied else {
      held.removeFirst(max(0, held.count - Self.heldLimit))
      return
    }
    for text in held { log.write(text) }
    held = []
  }

  private static func text(_ line: [UInt8], _ omitted: Int) -> String {
    let text = String(decoding: line, as: UTF8.self)
    return omitted > 0 ? text + " … (\(omitted) bytes more)" : text
  }
}
