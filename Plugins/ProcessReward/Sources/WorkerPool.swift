import Foundation
import FulcrumKernel
import Synchronization

/// Holds the workers of a reward. A batch goes to any free worker, for a score depends on its
/// sample alone.
final class WorkerPool: Sendable {
  private let count: Int
  private let free: Mutex<[Worker]>
  private let available: DispatchSemaphore

  init(settings: WorkerSettings, count: Int) {
    self.count = count
    free = Mutex((0..<count).map { _ in Worker(settings: settings) })
    available = DispatchSemaphore(value: count)
  }

  deinit {
    // All workers are told of the end first; then each is waited for.
    free.withLock { for worker in $0 { worker.closeInput() } }
  }

  /// - Returns: a score for each sample, in order.
  func score(_ samples: [RewardSample], batch: Int) throws(FulcrumError) -> [RewardScore] {
    let batches = stride(from: 0, to: samples.count, by: batch).map {
      Array(samples[$0..<min($0 + batch, samples.count)])
    }
    let threads = min(count, batches.count)
    let work = Work(batches)
    if threads > 1 {
      let done = DispatchGroup()
      for _ in 1..<threads {
        done.enter()
        // These are not a queue's threads, which are as many as the machine's cores: these only
        // wait.
        Thread.detachNewThread {
          work.run { (batch) throws(FulcrumError) in try self.score(batch) }
          done.leave()
        }
      }
      work.run { (batch) throws(FulcrumError) in try score(batch) }
      done.wait()
    } else {
      work.run { (batch) throws(FulcrumError) in try score(batch) }
    }
    return try work.scores()
  }

  /// Scores one batch by a free worker; waits for one if there is none.
  private func score(_ batch: [RewardSample]) throws(FulcrumError) -> [RewardScore] {
    available.wait()
    let worker = free.withLock { $0.removeLast() }
    defer {
      free.withLock { $0.append(worker) }
      available.signal()
    }
    return try worker.score(batch)
  }
}

/// Hands out batches to several threads, one after the other.
private final class Work: Sendable {
  private struct State {
    var next = 0
    var results: [Result<[RewardScore], FulcrumError>?]
  }

  private let batches: [[RewardSample]]
  private let state: Mutex<State>

  init(_ batches: [[RewardSample]]) {
    self.batches = batches
    state = Mutex(
      State(
        results: [Result<[RewardScore], FulcrumError>?](
          repeating: nil, count: batches.count)))
  }

  /// Takes batches until there are none left, or one has failed.
  func run(_ score: ([RewardSample]) throws(FulcrumError) -> [RewardScore]) {
    while let index = take() {
      let result = Result { () throws(FulcrumError) in try score(batches[index]) }
      state.withLock { state in
        state.results[index] = result
        if case .failure = result { state.next = batches.count }
      }
    }
  }

  private func take() -> Int? {
    state.withLock { state in
      guard state.next < batches.count else { return nil }
      state.next += 1
      return state.next - 1
    }
  }

  /// - Throws: the error of the first batch that failed.
  func scores() throws(FulcrumError) -> [RewardScore] {
    let results = state.withLock(\.results)
    for case .failure(let error)? in results { throw error }
    var scores: [RewardScore] = []
    for case .success(let batch)? in results { scores += batch }
    return scores
  }
}
