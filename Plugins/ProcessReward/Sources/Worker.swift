import Files
import Foundation
import FulcrumKernel
import Synchronization

/// Holds the settings of workers that run a program.
struct WorkerSettings: Sendable {
  let program: Program
  /// The longest time for the replies to a batch.
  let timeLimit: Duration
  /// The time that is added to `timeLimit` after a start.
  let startLimit: Duration
  /// The most failures in a row, without a reply in between.
  let restarts: Int
  let log: ProgramLog
  let history = ProgramHistory()
  let patience = Patience()
}

/// Runs one copy of the program, which is started when it is first needed and again when it dies.
///
/// `@unchecked Sendable`: the pool gives it to one thread at a time.
final class Worker: @unchecked Sendable {
  private let settings: WorkerSettings
  private var exchange: Exchange?
  private var isFresh = false
  /// Deaths and broken rules since the last reply.
  private var failures = 0
  private var nextID = 0

  init(settings: WorkerSettings) { self.settings = settings }

  deinit { exchange?.finish() }

  /// Ends the input of an idle program; `deinit` waits for it.
  func closeInput() { exchange?.child.closeInput() }

  /// Scores a batch. If the program fails, the samples without a reply are sent once more, one by
  /// one, so that only those at fault have no score: the last one first, for a program that works in
  /// order failed on the first of them.
  func score(_ samples: [RewardSample]) throws(FulcrumError) -> [RewardScore] {
    var scores = [RewardScore?](repeating: nil, count: samples.count)
    _ = try ask(samples, Array(samples.indices), &scores)
    for index in samples.indices.reversed() where scores[index] == nil {
      guard let failure = try ask(samples, [index], &scores) else { continue }
      scores[index] = .missing(
        failure.kind == .timeOut ? .timeOut : .error, reason: failure.reason)
    }
    return scores.compactMap(\.self)
  }

  /// Sends some samples and fills in their scores.
  ///
  /// - Returns: the reason why some have no score; `nil` if all have one.
  private func ask(
    _ samples: [RewardSample], _ indices: [Int], _ scores: inout [RewardScore?]
  ) throws(FulcrumError) -> ProgramFailure? {
    while true {
      let exchange = try running()
      do throws(ProgramFailure) {
        try ask(exchange, samples, indices, &scores)
        return nil
      } catch {
        exchange.abandon()
        self.exchange = nil
        try count(error)
        guard error.kind == .stale else { return error }
      }
    }
  }

  private func ask(
    _ exchange: Exchange, _ samples: [RewardSample], _ indices: [Int],
    _ scores: inout [RewardScore?]
  ) throws(ProgramFailure) {
    let first = nextID
    nextID += indices.count
    var request: [UInt8] = []
    for (place, index) in indices.enumerated() {
      do {
        request += try Request(id: first + place, sample: samples[index]).line()
      } catch {
        throw ProgramFailure(kind: .broken, message: error.message)
      }
    }
    let limit = settings.timeLimit + (isFresh ? settings.startLimit : .zero)
    var waiting = indices.count
    try exchange.ask(request, within: limit) { (line) throws(ProgramFailure) in
      let reply: Reply
      do throws(Reply.Fault) {
        reply = try Reply(line)
      } catch {
        throw ProgramFailure(kind: .broken, message: error.message, remedy: Remedy.line(line))
      }
      guard reply.id >= first else {
        throw ProgramFailure(
          kind: .stale,
          message: "expected no more than one reply to a line, got another to id \(reply.id)")
      }
      guard reply.id < nextID else {
        throw ProgramFailure(
          kind: .broken,
          message: "expected a reply to one of ids \(first) to \(nextID - 1), got one to id"
            + " \(reply.id)", remedy: Remedy.form)
      }
      let index = indices[reply.id - first]
      guard scores[index] == nil else {
        throw ProgramFailure(
          kind: .broken, message: "expected one reply to id \(reply.id), got two")
      }
      scores[index] = reply.score
      settings.history.noteReply()
      failures = 0
      waiting -= 1
      return waiting == 0
    }
    isFresh = false
  }

  /// Returns the program, started if need be. After a failure it waits: 0.1 s, 0.2 s, 0.4 s, … up
  /// to 5 s.
  private func running() throws(FulcrumError) -> Exchange {
    if let exchange { return exchange }
    if failures > 0 {
      let seconds = min(5, 0.1 * pow(2, Double(min(failures, 10) - 1)))
      let end = ContinuousClock.now + .seconds(seconds)
      while .now < end, !settings.patience.isOver { usleep(20_000) }
    }
    let complaints = Complaints(
      log: settings.log, history: settings.history, isFirst: settings.history.noteStart())
    let exchange = Exchange(
      try settings.program.start(), complaints: complaints, patience: settings.patience)
    self.exchange = exchange
    isFresh = true
    return exchange
  }

  /// Counts a failure of the program. A time-out is the sample's fault and isn't counted, unless the
  /// program has never replied.
  private func count(_ failure: ProgramFailure) throws(FulcrumError) {
    guard failure.kind != .stopped else {
      throw FulcrumError(.stopped, failure.message, at: settings.program.line)
    }
    if failure.kind == .timeOut, settings.history.hasReplied {
      settings.log.write("ended after a time-out: \(failure.message)")
      return
    }
    failures += 1
    guard failures < settings.history.limit(for: failure, restarts: settings.restarts) else {
      throw error(for: failure)
    }
    settings.log.write("starts again after failure \(failures) in a row: \(failure.message)")
  }

  /// Returns the error with which the program is given up.
  private func error(for failure: ProgramFailure) -> FulcrumError {
    let program = settings.program
    guard settings.history.hasReplied else {
      let starts = "\(failures) start\(failures == 1 ? "" : "s")"
      return FulcrumError(
        .program,
        "expected a reply from the program, got none in \(starts); the last:"
          + " \(failure.reason)", at: program.line, hint: failure.remedy ?? program.trial)
    }
    let trial =
      "try it alone: fulcrum reward score --use process --set"
      + " 'command=[\(program.arguments.joined(separator: ", "))]' --input FILE.jsonl"
    return FulcrumError(
      .program,
      "expected replies from the program, got \(failures) failure\(failures == 1 ? "" : "s") in a"
        + " row; the last: \(failure.reason)", at: program.line,
      hint: failure.remedy.map { "\($0); \(trial)" } ?? trial)
  }
}
