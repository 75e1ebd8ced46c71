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
  /// one, so that only those at fault have no score.
  func score(_ samples: [RewardSample]) throws(FulcrumError) -> [RewardScore] {
    var scores = [RewardScore?](repeating: nil, count: samples.count)
    _ = try ask(samples, Array(samples.indices), &scores)
    for index in samples.indices where scores[index] == nil {
      guard let failure = try ask(samples, [index], &scores) else { continue }
      scores[index] = .missing(
        failure.kind == .timeOut ? .timeOut : .error, reason: failure.message)
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
        throw exchange.broken(error.message)
      }
      guard reply.id >= first else {
        throw ProgramFailure(
          kind: .stale,
          message: "expected no more than one reply to a line, got another to"
            + " id \(reply.id)")
      }
      guard reply.id < nextID else {
        throw exchange.broken(
          "expected a reply to one of ids \(first) to \(nextID - 1), got one to id \(reply.id)")
      }
      let index = indices[reply.id - first]
      guard scores[index] == nil else {
        throw exchange.broken("expected one reply to id \(reply.id), got two")
      }
      scores[index] = reply.score
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
      usleep(UInt32(seconds * 1e6))
    }
    let exchange = Exchange(try settings.program.start(), log: settings.log)
    self.exchange = exchange
    isFresh = true
    return exchange
  }

  /// Counts a failure of the program. A time-out is the sample's fault and isn't counted.
  private func count(_ failure: ProgramFailure) throws(FulcrumError) {
    guard failure.kind != .timeOut else {
      settings.log.write("ended after a time-out: \(failure.message)")
      return
    }
    failures += 1
    guard failures <= settings.restarts else {
      throw FulcrumError(
        .program,
        "expected replies from the program, got \(failures)"
          + " failure\(failures == 1 ? "" : "s") in a row; the last: \(failure.message)",
        at: settings.program.arguments.joined(separator: " "),
        hint: "try it alone: fulcrum reward score --use process --set"
          + " 'command=[\(settings.program.arguments.joined(separator: ", "))]' --input FILE.jsonl")
    }
    settings.log.write("starts again after failure \(failures) in a row: \(failure.message)")
  }
}
