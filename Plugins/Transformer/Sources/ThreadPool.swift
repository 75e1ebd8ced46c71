import Glibc
import Synchronization
import TransformerKernels

/// Keeps threads, which share out the items of one loop at a time.
///
/// Items are claimed one by one, so which thread runs an item varies. A loop's result must depend
/// on its items only: they write to disjoint places and sum in an order of their own.
package final class ThreadPool {
  /// The number of threads that run items, the calling one included.
  package let threadCount: Int
  /// Is told the number of items of each loop before it runs, for tests of how work is cut.
  package var willRun: ((_ count: Int) -> Void)?
  private let shared = Shared()
  private var threads: [pthread_t] = []

  /// - Parameter threads: at least 1; fewer are used if the system refuses to make more.
  package init(threads count: Int) {
    for worker in 1..<max(1, count) {
      var thread = pthread_t()
      let start = Unmanaged.passRetained(Start(shared: shared, worker: worker))
      let status = pthread_create(&thread, nil, threadMain, start.toOpaque())
      guard status == 0 else {
        start.release()
        break
      }
      threads.append(thread)
    }
    threadCount = threads.count + 1
  }

  deinit {
    shared.stop()
    for thread in threads { pthread_join(thread, nil) }
  }

  /// Runs `body` for each item in `0..<count`, and returns when all are done.
  ///
  /// - Parameter body: receives the item, and the number of the thread, for scratch memory. It must
  ///   not call `run` again.
  package func run(_ count: Int, _ body: (_ item: Int, _ worker: Int) -> Void) {
    willRun?(count)
    guard !threads.isEmpty, count > 1 else {
      for item in 0..<count { body(item, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      shared.open(body, count: count)
      shared.claimItems(worker: 0)
      shared.close()
    }
  }
}

/// Holds what a new thread starts with.
private final class Start: Sendable {
  let shared: Shared
  let worker: Int
  init(shared: Shared, worker: Int) {
    self.shared = shared
    self.worker = worker
  }
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
  start.shared.work(as: start.worker)
  return nil
}

/// Holds the loop in progress.
///
/// A thread that the system didn't run in time isn't waited for: it enters only while the loop is
/// open, and the caller closes it once all items are claimed. Entering (count up, then look whether
/// it is open) and closing (close, then look at the count) are sequentially consistent, so that one
/// of the two sees the other.
///
/// Unchecked: `body` and `count` are written by the calling thread while no other is inside, before
/// it opens the loop, and read by those that then entered; `isStopping` is written before a new
/// generation (release) and read after it was seen (acquire).
private final class Shared: @unchecked Sendable {
  /// The loop turns that a waiting thread spins before it sleeps: about 20 µs. Loops follow each
  /// other at that distance while a pass runs, and waking a thread costs more.
  private static let spinCount = 2000

  private var body: (Int, Int) -> Void = { _, _ in }
  private var count = 0
  private var isStopping = false
  private let nextItem = Atomic<Int>(0)
  private let isOpen = Atomic<Bool>(false)
  /// The number of threads inside the loop, the calling one apart.
  private let insideCount = Atomic<Int>(0)
  private let generation = Atomic<Int>(0)
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>

  init() {
    mutex = .allocate(capacity: 1)
    changed = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(changed)
    mutex.deallocate()
    changed.deallocate()
  }

  func open(_ body: @escaping (Int, Int) -> Void, count: Int) {
    self.body = body
    self.count = count
    nextItem.store(0, ordering: .relaxed)
    isOpen.store(true, ordering: .sequentiallyConsistent)
    wake()
  }

  /// Returns when every thread has left; all items were claimed before.
  func close() {
    isOpen.store(false, ordering: .sequentiallyConsistent)
    wait { insideCount.load(ordering: .sequentiallyConsistent) == 0 }
    body = { _, _ in }
  }

  func stop() {
    isStopping = true
    wake()
  }

  private func wake() {
    pthread_mutex_lock(mutex)
    generation.add(1, ordering: .releasing)
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }

  func claimItems(worker: Int) {
    while true {
      let item = nextItem.add(1, ordering: .relaxed).oldValue
      guard item < count else { return }
      body(item, worker)
    }
  }

  func work(as worker: Int) {
    var seen = 0
    while true {
      wait { generation.load(ordering: .acquiring) != seen }
      seen = generation.load(ordering: .acquiring)
      if isStopping { return }
      insideCount.add(1, ordering: .sequentiallyConsistent)
      if isOpen.load(ordering: .sequentiallyConsistent) { claimItems(worker: worker) }
      if insideCount.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 {
        // The lock orders this after the caller's check, if that is about to sleep.
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
      }
    }
  }

  private func wait(until condition: () -> Bool) {
    for _ in 0..<Self.spinCount {
      if condition() { return }
      tk_pause()
    }
    pthread_mutex_lock(mutex)
    while !condition() { pthread_cond_wait(changed, mutex) }
    pthread_mutex_unlock(mutex)
  }
}
