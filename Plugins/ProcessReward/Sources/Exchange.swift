import Files
import Foundation

/// Sends requests to a program and reads its replies, while all three pipes are kept moving.
///
/// One thread does all of it with `poll`: when one pipe is full or empty, the others go on.
final class Exchange {
  /// The most bytes of a reply.
  static let longestReply = 1 << 20

  let child: RunningProcess
  private var complaints: Complaints
  private let patience: Patience
  private var replies = LineBuffer(limit: Exchange.longestReply)
  private var chunk = [UInt8](repeating: 0, count: 1 << 16)

  init(_ child: RunningProcess, complaints: Complaints, patience: Patience) {
    self.child = child
    self.complaints = complaints
    self.patience = patience
  }

  /// - Parameters:
  ///   - limit: the longest time for all replies.
  ///   - take: receives each line of reply, and returns `true` for the last one to wait for.
  func ask(
    _ request: [UInt8], within limit: Duration,
    take: ([UInt8]) throws(ProgramFailure) -> Bool
  ) throws(ProgramFailure) {
    guard child.input >= 0, !child.hasEnded() else {
      throw failure(
        .stale, child.end?.phrase ?? "it closed its standard input", remedy: endingRemedy)
    }
    try refuseLeftovers()
    let deadline = ContinuousClock.now + limit
    var sent = 0
    var watch = WaitingWatch()
    while true {
      let left = deadline - .now
      guard left > .zero else {
        throw failure(
          .timeOut, "no reply within \(limit.inSeconds)", remedy: Remedy.onTime)
      }
      guard !patience.isOver else {
        throw failure(.stopped, "the run was asked to stop while it waited for a reply")
      }
      let isSending = sent < request.count && child.input >= 0
      let ready = wait(isSending: isSending, for: left)
      if ready.input, isSending { send(request, &sent) }
      if ready.errors { readErrors() }
      if ready.output {
        watch.reset()
        if try read(take) {
          readErrors()
          complaints.release()
          return
        }
      } else if !isSending, watch.isSure({ child.waitsForInput }) {
        throw failure(
          .broken, "it waits for more lines, and has not replied to all that it was sent",
          remedy: Remedy.eachLine)
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
    complaints.flush()
  }

  /// Ends the program at once.
  func abandon() {
    child.kill()
    readErrors()
    complaints.flush()
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
    // Short naps: the program's state and a request to stop are looked at in between.
    let milliseconds = min(200, max(1, limit / .milliseconds(1)))
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
      guard errno == EAGAIN || errno == EINTR else {
        throw failure(.broken, "its output can't be read")
      }
      return false
    }
    guard count > 0 else {
      child.closeOutput()
      throw failureAfterOutput(.broken)
    }
    var isDone = false
    var fault: ProgramFailure?
    replies.add(chunk.span.extracting(0..<count)) { line, omitted in
      guard fault == nil, omitted == 0 else { return }
      do throws(ProgramFailure) {
        isDone = try take(line)
      } catch {
        fault = error
      }
    }
    if let fault { throw failure(fault.kind, fault.message, remedy: fault.remedy) }
    if replies.omitted > 0 {
      throw failure(
        .broken, "it sent a line of more than \(Self.longestReply) bytes", remedy: Remedy.form)
    }
    return isDone
  }

  /// Refuses lines from before a request: they reply to nothing, and are no fault of its samples.
  private func refuseLeftovers() throws(ProgramFailure) {
    let count = Foundation.read(child.output, &chunk, chunk.count)
    if count < 0 { return }
    guard count > 0 else {
      child.closeOutput()
      throw failureAfterOutput(.stale)
    }
    let text = String(decoding: chunk[..<min(count, 120)], as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    guard !text.isEmpty else { return }
    throw failure(
      .stale, "expected nothing before the next request, got '\(text)'",
      remedy: Remedy.standardError)
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
      complaints.add(chunk.span.extracting(0..<count))
    }
  }

  /// Says how the program ended after the end of its output, if it does within a second.
  private func failureAfterOutput(_ kind: ProgramFailure.Kind) -> ProgramFailure {
    let deadline = ContinuousClock.now + .seconds(1)
    while !child.hasEnded(), ContinuousClock.now < deadline {
      readErrors()
      usleep(2000)
    }
    return failure(kind, child.end?.phrase ?? "it closed its standard output", remedy: endingRemedy)
  }

  /// What to do about a program that ended without a complaint.
  private var endingRemedy: String? { child.end == .exited(0) ? Remedy.endless : nil }

  /// Returns a failure with all that the program has said about it.
  private func failure(_ kind: ProgramFailure.Kind, _ message: String, remedy: String? = nil)
    -> ProgramFailure
  {
    readErrors()
    if child.end != nil { complaints.flush() }
    return ProgramFailure(
      kind: kind, message: message, lastWords: complaints.lastWords, remedy: remedy)
  }
}
