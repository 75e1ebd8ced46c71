import Files
import Foundation

/// Says why a program gave no more replies.
struct ProgramFailure: Error {
  enum Kind {
    case timeOut
    /// The program died or broke the protocol.
    case broken
    /// The program was broken before it got the samples in question.
    case stale
  }

  let kind: Kind
  let message: String
}

/// Sends requests to a program and reads its replies, while all three pipes are kept moving.
///
/// One thread does all of it with `poll`: when one pipe is full or empty, the others go on.
final class Exchange {
  /// The most bytes of a reply.
  static let longestReply = 1 << 20

  let child: RunningProcess
  private let log: ProgramLog
  private var replies = LineBuffer(limit: Exchange.longestReply)
  private var complaints = LineBuffer(limit: ProgramLog.longestLine)
  private var chunk = [UInt8](repeating: 0, count: 1 << 16)
  /// The last line that the program wrote to its standard error.
  private var lastWords = ""

  init(_ child: RunningProcess, log: ProgramLog) {
    self.child = child
    self.log = log
  }

  /// - Parameters:
  ///   - limit: the longest time for all replies.
  ///   - take: receives each line of reply, and returns `true` for the last one to wait for.
  func ask(
    _ request: [UInt8], within limit: Duration,
    take: ([UInt8]) throws(ProgramFailure) -> Bool
  ) throws(ProgramFailure) {
    guard child.input >= 0, !child.hasEnded() else {
      readErrors()
      throw ProgramFailure(kind: .stale, message: ending())
    }
    try refuseLeftovers()
    let deadline = ContinuousClock.now + limit
    var sent = 0
    while true {
      let left = deadline - .now
      guard left > .zero else {
        readErrors()
        throw ProgramFailure(
          kind: .timeOut, message: "no reply within \(Self.seconds(limit)) s" + words)
      }
      let isSending = sent < request.count && child.input >= 0
      let ready = wait(isSending: isSending, for: left)
      if ready.input, isSending { send(request, &sent) }
      if ready.errors { readErrors() }
      if ready.output, try read(take) {
        readErrors()
        return
      }
    }
  }

  /// Closes the program's input, gives it time to end by itself, then ends it.
  func finish() {
    child.closeInput()
    for isLast in [false, true] {
      let deadline = ContinuousClock.now + .seconds(2)
      while !child.hasEnded(), ContinuousClock.now < deadline {
        let ready = wait(isSending: false, for: .milliseconds(10))
        if ready.errors { readErrors() }
        if ready.output { discardOutput() }
        if child.errors < 0, child.output < 0 { usleep(5000) }
      }
      if child.end != nil { break }
      if isLast { child.kill() } else { child.terminate() }
    }
    readErrors()
    complaints.flush { line, omitted in record(line, omitted) }
  }

  /// Ends the program at once.
  func abandon() {
    child.kill()
    readErrors()
    complaints.flush { line, omitted in record(line, omitted) }
  }

  private func wait(isSending: Bool, for limit: Duration) -> (
    input: Bool, output: Bool, errors: Bool
  ) {
    // A negative descriptor is ignored.
    var polled = [
      pollfd(fd: isSending ? child.input : -1, events: Int16(POLLOUT), revents: 0),
      pollfd(fd: child.output, events: Int16(POLLIN), revents: 0),
      pollfd(fd: child.errors, events: Int16(POLLIN), revents: 0),
    ]
    let milliseconds = min(1000, max(1, limit / .milliseconds(1)))
    guard poll(&polled, 3, Int32(milliseconds)) > 0 else { return (false, false, false) }
    return (polled[0].revents != 0, polled[1].revents != 0, polled[2].revents != 0)
  }

  /// Writes what fits into the pipe. A program that has closed its input may still reply.
  private func send(_ request: [UInt8], _ sent: inout Int) {
    sent += child.write(request[sent...])
  }

  /// - Returns: whether the last reply has come.
  private func read(_ take: ([UInt8]) throws(ProgramFailure) -> Bool) throws(ProgramFailure)
    -> Bool
  {
    let count = Foundation.read(child.output, &chunk, chunk.count)
    if count < 0 {
      guard errno == EAGAIN || errno == EINTR else { throw broken("its output can't be read") }
      return false
    }
    guard count > 0 else {
      child.closeOutput()
      throw broken(endingAfterOutput())
    }
    var isDone = false
    var failure: ProgramFailure?
    replies.add(chunk.span.extracting(0..<count)) { line, omitted in
      guard failure == nil, omitted == 0 else { return }
      do throws(ProgramFailure) {
        isDone = try take(line)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    if replies.omitted > 0 {
      throw broken("it sent a line of more than \(Self.longestReply) bytes")
    }
    return isDone
  }

  /// Refuses lines from before a request: they reply to nothing, and are no fault of its samples.
  private func refuseLeftovers() throws(ProgramFailure) {
    let count = Foundation.read(child.output, &chunk, chunk.count)
    if count < 0 { return }
    guard count > 0 else {
      child.closeOutput()
      throw ProgramFailure(kind: .stale, message: endingAfterOutput() + words)
    }
    let text = String(decoding: chunk[..<min(count, 120)], as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    guard !text.isEmpty else { return }
    throw ProgramFailure(
      kind: .stale, message: "expected nothing before the next request, got '\(text)'" + words)
  }

  private func discardOutput() {
    let count = Foundation.read(child.output, &chunk, chunk.count)
    if count == 0 { child.closeOutput() }
  }

  /// Takes all that is there on the program's standard error.
  private func readErrors() {
    while child.errors >= 0 {
      let count = Foundation.read(child.errors, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      if count < 0 { return }
      guard count > 0 else {
        child.closeErrors()
        return
      }
      complaints.add(chunk.span.extracting(0..<count)) { line, omitted in record(line, omitted) }
    }
  }

  private func record(_ line: [UInt8], _ omitted: Int) {
    let text = String(decoding: line, as: UTF8.self)
    lastWords = String(text.prefix(200))
    log.write(omitted > 0 ? text + " … (\(omitted) bytes more)" : text)
  }

  /// Says how the program ended after the end of its output, if it does within a second.
  private func endingAfterOutput() -> String {
    let deadline = ContinuousClock.now + .seconds(1)
    while !child.hasEnded(), ContinuousClock.now < deadline {
      readErrors()
      usleep(2000)
    }
    readErrors()
    return child.end?.phrase ?? "it closed its standard output"
  }

  private func ending() -> String { (child.end?.phrase ?? "it closed its standard input") + words }

  func broken(_ message: String) -> ProgramFailure {
    ProgramFailure(kind: .broken, message: message + words)
  }

  private var words: String { lastWords.isEmpty ? "" : "; its last words: '\(lastWords)'" }

  private static func seconds(_ duration: Duration) -> String {
    let value = (duration / .milliseconds(1)).rounded() / 1000
    return value == value.rounded() ? "\(Int(value))" : "\(value)"
  }
}

extension RunningProcess.End {
  fileprivate var phrase: String {
    switch self {
    case .exited(let status): "it ended with status \(status)"
    case .killedBySignal(let signal): "it was ended by signal \(signal)"
    }
  }
}
