import Files
import FulcrumKernel
import JSON

/// Hears the ranks, and tells which of them a loss began with.
///
/// What fails first to be noticed is seldom what failed: when a rank is gone, the others' collectives
/// fail; when one is stopped, or its machine is cut off, nothing ends, and the call's limit passes. So
/// each rank sends a beat a second on its lifeline, with what it is at, and the host looks for the one
/// that is gone or silent.
extension WiredProgram {
  /// A silence that is no accident: four beats.
  static let suspicion = Duration.seconds(4)

  /// Hears what ranks say.
  func listenToRanks() {
    for place in ranks.indices where !ranks[place].lifeline.isAtEnd {
      do throws(WireFault) {
        try ranks[place].lifeline.receive()
      } catch {
        complaint = complaint ?? "\(name(of: ranks[place])) talks nonsense: \(error.message)"
      }
      while let frame = ranks[place].lifeline.next() { take(frame, of: place) }
      if ranks[place].lifeline.isAtEnd { losses.append(place) }
    }
  }

  private func take(_ frame: WireFrame, of place: Int) {
    switch frame.operation {
    case .event: ranks[place].hear(frame, at: listened)
    case .error:
      ranks[place].hasSpoken = true
      let at = frame["where"]?.text.map { " (\($0))" } ?? ""
      let said = name(of: ranks[place]) + ": " + (frame["message"]?.text ?? "it failed") + at
      if frame["ofGroup"]?.bool == true {
        groupComplaint = groupComplaint ?? said
      } else {
        complaint = complaint ?? said
      }
    default: break
    }
  }

  /// - Parameter limit: the longest silence of one of several ranks that sends beats; `nil`: any.
  /// - Throws: if the program, or one of its ranks, is no more.
  func checkLife(while what: String, limit: Duration? = nil) throws(FulcrumError) {
    if let limit = limit.map({ max($0, Self.suspicion) }), worldSize > 1,
      ranks.contains(where: { $0.silence(at: listened) >= limit })
    {
      throw loss(while: what, patience: .zero)
    }
    if child.hasEnded() || !losses.isEmpty || calls?.isAtEnd == true || complaint != nil
      || groupComplaint != nil
    {
      throw loss(while: what)
    }
  }

  /// Gives the program up, and tells what the loss began with.
  ///
  /// - Parameter patience: how long to wait for words that are still on their way.
  func loss(while what: String, patience: Duration = .seconds(1)) -> FulcrumError {
    let deadline = ContinuousClock.now + patience
    while .now < deadline, complaint == nil,
      !(child.hasEnded() && child.output < 0 && child.errors < 0)
    {
      wait(.milliseconds(20))
    }
    let silent = complaint == nil && worldSize > 1 ? silentRank(for: Self.suspicion) : nil
    let reason = lossReason
    return failure(
      "\(description.name) is lost while \(what): \(reason)",
      hint: reason == silent
        ? "its machine, or the link to it, is down, or its process is stopped or kept busy; raise"
          + " \(description.limitNames.call) if it needs longer" : nil,
      // A launcher's report of an end that follows from it.
      quotes: worldSize == 1 || reason == child.end?.phrase)
  }

  private var lossReason: String {
    if let complaint { return complaint }
    guard worldSize > 1 else {
      return child.end?.phrase ?? (losses.first.map(ending) ?? "it closed its connection")
    }
    // Ranks that end because one has long been silent follow it. Of several ends, the first says more
    // than the launcher's status.
    let first = losses.first { !ranks[$0].hasSpoken }
    return silentRank(for: description.callLimit / 2) ?? first.map(ending)
      ?? silentRank(for: Self.suspicion)
      ?? groupComplaint.map { complaint in lateRank.map { "\($0): \(complaint)" } ?? complaint }
      ?? losses.first.map(ending) ?? child.end?.phrase ?? "it closed its connection"
  }

  /// The rank that has been silent longest, if that is at least `limit`, and more than an accident.
  func silentRank(for limit: Duration) -> String? {
    let place = ranks.indices.filter { !ranks[$0].hasSpoken }.max {
      ranks[$0].silence(at: listened) < ranks[$1].silence(at: listened)
    }
    guard let place, ranks[place].silence(at: listened) >= max(limit, Self.suspicion) else {
      return nil
    }
    return ending(place)
  }

  /// The rank that the others wait for, as far as ranks tell.
  var lateRank: String? {
    let late = ranks.filter { !$0.isWaiting }
    guard let rank = late.first, rank.heard != nil, late.count < ranks.count else { return nil }
    return "the others wait for \(name(of: rank))" + stage(of: rank)
  }

  /// What became of a rank that is silent or gone.
  private func ending(_ place: Int) -> String {
    let rank = ranks[place]
    let silence = rank.silence(at: listened)
    guard silence >= Self.suspicion else { return name(of: rank) + " ended" + stage(of: rank) }
    let seconds = Duration.seconds(silence.components.seconds)
    return "\(name(of: rank)) has been silent for \(seconds.inSeconds)" + stage(of: rank)
      + (rank.lifeline.isAtEnd ? ", and its connection is gone" : "")
  }

  private func name(of rank: ProgramRank) -> String {
    worldSize == 1
      ? "its process"
      : "rank \(rank.rank) of \(worldSize)" + (rank.host.isEmpty ? "" : " on \(rank.host)")
  }

  private func stage(of rank: ProgramRank) -> String {
    guard let stage = rank.stage else { return "" }
    guard !stage.isEmpty else { return ", last heard of between calls" }
    return ", last heard of in '\(stage)'" + (rank.isWaiting ? ", waiting for other ranks" : "")
  }
}
