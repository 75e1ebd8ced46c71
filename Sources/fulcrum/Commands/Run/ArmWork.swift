import ArgumentParser
import FulcrumKernel
import Runs
import Training

/// Trains the runs of a plan: one after the other, or several at once.
struct ArmWork {
  let sharing: SharingOptions
  /// The part of the runs that is this command's; `nil`: all are.
  let part: SharingOptions.Shard?
  let session: SessionOptions
  /// The number of threads that the configuration keeps busy.
  let threads: Int
  /// The folder that the plan's runs are in.
  let folder: String
  private var failures: [ParallelRuns.Failure] = []
  private var count = 0
  /// Keeps a second command out that would train the same runs; `nil`: nothing was trained yet.
  private var lock: RunLock?

  init(
    sharing: SharingOptions, part: SharingOptions.Shard?, session: SessionOptions, threads: Int,
    folder: String
  ) {
    self.sharing = sharing
    self.folder = folder
    self.part = part
    self.session = session
    self.threads = threads
  }

  /// Returns those of some runs that are this command's.
  func own(_ runs: [ArmPlan.Run]) -> [ArmPlan.Run] { part?.own(runs) ?? runs }

  /// Trains runs, but for those that are done.
  ///
  /// - Parameter values: returns the values that a run's arm was given.
  mutating func train(
    _ runs: [ArmPlan.Run], _ finished: inout ArmRuns, values: (ArmPlan.Run) -> [String]
  ) throws {
    var jobs: [ParallelRuns.Job] = []
    for (number, run) in runs.enumerated() {
      let trial = run.trial.map { " with " + $0.values.joined(separator: ", ") } ?? ""
      let place = "\(number + 1) of \(runs.count): \(run.arm)\(trial), seed \(run.seed)"
      if try finished.has(run) {
        print("\(place): done before".onTerminal)
        continue
      }
      try takeLock()
      if sharing.parallel > 1 {
        jobs.append(ParallelRuns.Job(run: run, place: place.onTerminal, values: values(run)))
      } else {
        print(place.onTerminal)
        try trainHere(run, &finished)
      }
    }
    guard !jobs.isEmpty else { return }
    count += jobs.count
    let parallel = ParallelRuns(min(sharing.parallel, jobs.count), threads: threads)
    let result = try parallel.train(jobs) { try finished.add($0) }
    failures += result.failures
    try Self.end(isComplete: result.isComplete)
  }

  private mutating func takeLock() throws(FulcrumError) {
    guard lock == nil else { return }
    let name = part.map { "arms-\($0.index + 1)-of-\($0.count).lock" } ?? "arms.lock"
    lock = try RunLock(folder, name: name, place: "this folder of arms")
  }

  private func trainHere(_ run: ArmPlan.Run, _ finished: inout ArmRuns) throws {
    let training = TrainingSession.inForeground(session)
    try Self.end(
      isComplete: run.isBegun
        ? training.resume(run.output) : training.begin(run.configuration))
    try finished.add(run)
  }

  private static func end(isComplete: Bool) throws {
    if !isComplete { print("stopped; the same command goes on from there") }
    try Interrupt.end(isComplete: isComplete)
  }

  /// Ends the command with status 1 if a run failed while others went on.
  func end() throws {
    guard !failures.isEmpty else { return }
    let lines = failures.map { "\n  \($0.name): \($0.reason)" }.joined()
    Fulcrum.report(
      "error: \(failures.count) of \(Counted.text(count, "run")) failed:\(lines)\n  hint: what is mended"
        + " goes on with the same command; runs that are done are left as they are")
    throw ExitCode(1)
  }
}
