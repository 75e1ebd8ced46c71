import FulcrumKernel
import JSON

/// Says why a program gave no more replies.
struct ProgramFailure: Error {
  enum Kind {
    case timeOut
    /// The program died or broke the protocol.
    case broken
    /// The program was broken before it got the samples in question.
    case stale
    /// The run was asked to stop, and the program didn't reply soon.
    case stopped
  }

  let kind: Kind
  let message: String
  /// The last line that the program wrote to its standard error.
  var lastWords = ""
  /// What the program's author should do, where the failure says it.
  var remedy: String?

  /// The message with the last words, for a reader who hasn't seen the log.
  var reason: String { lastWords.isEmpty ? message : "\(message); its last words: '\(lastWords)'" }
}

/// Says what to do about a program that breaks the protocol.
enum Remedy {
  static let standardError =
    "standard output is for replies alone: print all else to standard error, in Python by"
    + " print(…, file=sys.stderr)"
  static let form =
    #"reply to each line with {"id": ID, "reward": NUMBER}, where ID is the line's own, or with"#
    + #" "error" or "refused" for "reward""#
  static let eachLine =
    "reply to each line as soon as it is read, don't read to the end of the input first; and flush"
    + " each reply, in Python by print(…, flush=True)"
  static let endless = "read lines until the input ends, and reply to each of them"
  static let onTime =
    eachLine + "; for a program that takes long to load raise start-limit, for one that takes long"
    + " to judge time-limit"

  /// Returns the remedy for a line that is no reply.
  static func line(_ line: [UInt8]) -> String {
    (try? JSONReader.parse(line)) == nil ? standardError : form
  }
}
