import Files
import Foundation

/// Passes what a program prints, on both its streams, on to the run's log, and keeps its last line.
struct ProgramOutput {
  private let log: ProgramLog
  private var streams: [LineBuffer]
  private(set) var lastWords = ""

  init(log: ProgramLog) {
    self.log = log
    streams = [
      LineBuffer(limit: ProgramLog.longestLine), LineBuffer(limit: ProgramLog.longestLine),
    ]
  }

  /// Takes what is there; closes streams that are at their end.
  mutating func take(from child: RunningProcess) {
    if take(child.output, stream: 0) { child.closeOutput() }
    if take(child.errors, stream: 1) { child.closeErrors() }
  }

  /// Takes what is left without a line break.
  mutating func flush() {
    var lines: [([UInt8], Int)] = []
    for stream in streams.indices { streams[stream].flush { lines.append(($0, $1)) } }
    for (line, omitted) in lines { note(line, omitted) }
  }

  /// - Returns: whether the stream is at its end.
  private mutating func take(_ descriptor: Int32, stream: Int) -> Bool {
    var lines: [([UInt8], Int)] = []
    let isAtEnd = streams[stream].take(from: descriptor) { lines.append(($0, $1)) }
    for (line, omitted) in lines { note(line, omitted) }
    return isAtEnd
  }

  private mutating func note(_ line: [UInt8], _ omitted: Int) {
    let text = String(decoding: line, as: UTF8.self)
    // A launcher's report ends with a rule.
    if text.contains(where: \.isLetter) { lastWords = String(text.prefix(300)) }
    log.write(omitted > 0 ? text + " … (\(omitted) bytes more)" : text)
  }
}
