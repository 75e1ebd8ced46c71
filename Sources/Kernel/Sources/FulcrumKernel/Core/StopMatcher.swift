/// Finds stop strings in a text that grows, wherever the borders of its tokens and characters lie.
///
/// An automaton over bytes: each byte is looked at once, with one step in a table, and nothing of the
/// text is kept. One matcher serves any number of texts, on any threads; each has its own `Progress`.
///
/// - Source: Aho and Corasick, "Efficient string matching: an aid to bibliographic search", 1975.
public struct StopMatcher: Sendable {
  /// The most stop strings of a request. Each byte of one takes a kilobyte of the table.
  public static let maximumCount = 32
  /// The most bytes of a stop string, in UTF-8.
  public static let maximumLength = 256

  /// How far a text has come: the longest end of it with which a stop string begins.
  public struct Progress: Sendable {
    var state: Int32 = 0
    /// The progress of an empty text.
    public init() {}
  }

  /// The next state for each state and byte.
  private var next = [Int32](repeating: 0, count: 256)
  /// Whether a text in a state ends with a stop string.
  private var isEnd = [false]

  /// Whether there is a stop string at all.
  public let isEmpty: Bool

  /// - Throws: `.usage` for an empty stop string, one that is longer than `maximumLength` or has the
  ///   replacement character, or more than `maximumCount` of them.
  public init(_ stopStrings: [String]) throws(FulcrumError) {
    isEmpty = stopStrings.isEmpty
    try Self.check(stopStrings)
    for text in stopStrings {
      var state = 0
      for byte in text.utf8 {
        if next[state * 256 + Int(byte)] == 0 {
          next[state * 256 + Int(byte)] = Int32(isEnd.count)
          next += [Int32](repeating: 0, count: 256)
          isEnd.append(false)
        }
        state = Int(next[state * 256 + Int(byte)])
      }
      isEnd[state] = true
    }
    link()
  }

  /// Reads the next bytes of a text; the texts of its tokens may end within characters.
  ///
  /// - Returns: whether a stop string ended in these bytes. The text may go on: a later one is found
  ///   too.
  public func read(_ bytes: Span<UInt8>, _ progress: inout Progress) -> Bool {
    var isFound = false
    var state = Int(progress.state)
    for place in bytes.indices {
      state = Int(next[state * 256 + Int(bytes[place])])
      if isEnd[state] { isFound = true }
    }
    progress.state = Int32(state)
    return isFound
  }

  private static func check(_ stopStrings: [String]) throws(FulcrumError) {
    guard stopStrings.count <= maximumCount else {
      throw FulcrumError(
        .usage, "expected at most \(maximumCount) stop strings, got \(stopStrings.count)")
    }
    for text in stopStrings {
      guard !text.isEmpty else {
        throw FulcrumError(
          .usage, "expected a stop string with a character, got an empty one",
          hint: "every text has the empty one: leave it out")
      }
      guard text.utf8.count <= maximumLength else {
        throw FulcrumError(
          .usage,
          "expected a stop string of at most \(maximumLength) bytes, got \(text.utf8.count):"
            + " '\(text.prefix(40))…'")
      }
      // In a decoded text it stands for bytes that are no character, which are never compared.
      guard !text.unicodeScalars.contains("\u{FFFD}") else {
        throw FulcrumError(
          .usage, "expected a stop string of readable characters, got '\(text)' with U+FFFD")
      }
    }
  }

  /// Turns the tree of the stop strings into the automaton: where a state's own text can't go on, the
  /// longest end of it that begins a stop string does. States are gone through by the lengths of their
  /// texts, so what an end leads to is known before.
  private mutating func link() {
    var links = [Int](repeating: 0, count: isEnd.count)
    var queue = (0..<256).map { Int(next[$0]) }.filter { $0 > 0 }
    var place = 0
    while place < queue.count {
      let state = queue[place]
      place += 1
      let shorter = links[state]
      if isEnd[shorter] { isEnd[state] = true }
      for byte in 0..<256 {
        let onward = Int(next[shorter * 256 + byte])
        let child = Int(next[state * 256 + byte])
        if child == 0 {
          next[state * 256 + byte] = Int32(onward)
        } else {
          links[child] = onward
          queue.append(child)
        }
      }
    }
  }
}
