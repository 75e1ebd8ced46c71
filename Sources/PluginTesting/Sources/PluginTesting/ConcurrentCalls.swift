import FulcrumKernel

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Runs one closure on several threads at once.
enum ConcurrentCalls {
  /// A thread's work and its result; the thread that joins it reads the latter.
  private final class Job: @unchecked Sendable {
    let body: @Sendable (Int) -> Trace
    let number: Int
    var trace = Trace()

    init(_ body: @escaping @Sendable (Int) -> Trace, number: Int) {
      self.body = body
      self.number = number
    }
  }

  /// - Parameter body: gets the thread's number, from 0.
  /// - Returns: what each thread returned, in the order of their numbers.
  /// - Throws: `.inputOutput` if the system makes no thread.
  static func run(
    _ count: Int, _ body: @escaping @Sendable (_ thread: Int) -> Trace
  ) throws(FulcrumError) -> [Trace] {
    var started: [(thread: pthread_t, job: Job)] = []
    var status: Int32 = 0
    for number in 0..<count where status == 0 {
      let job = Job(body, number: number)
      var thread = pthread_t()
      let argument = Unmanaged.passRetained(job)
      status = pthread_create(
        &thread, nil,
        { pointer in
          guard let pointer else { return nil }
          let job = Unmanaged<Job>.fromOpaque(pointer).takeRetainedValue()
          job.trace = job.body(job.number)
          return nil
        }, argument.toOpaque())
      if status == 0 {
        started.append((thread, job))
      } else {
        argument.release()
      }
    }
    for (thread, _) in started { pthread_join(thread, nil) }
    guard status == 0 else {
      throw FulcrumError(.inputOutput, "expected \(count) threads, got \(started.count)")
    }
    return started.map(\.job.trace)
  }
}
