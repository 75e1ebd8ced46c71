import Files
import FulcrumKernel
import JSON

/// Asks the program.
extension WiredProgram {
  /// What a frame carries beside its operation.
  package typealias Content = (header: [JSONMember], arrays: [(name: String, array: WireArray)])

  /// Asks the program something and waits for the reply.
  ///
  /// - Parameters:
  ///   - name: of the call.
  ///   - content: what the call needs.
  ///   - limit: the longest time without a frame, if it is not the description's.
  ///   - answer: called for each event on the way, with its frame; what it gives is sent back.
  /// - Throws: the program's own error with its code; `.program` if it died, was silent for too long
  ///   or talked nonsense, and from then on at every call.
  package func call(
    _ name: String, _ content: Content = ([], []), limit: Duration? = nil,
    answer: (WireFrame) throws(WireFault) -> Content? = { _ in nil }
  ) throws(FulcrumError) -> WireFrame {
    if let fault { throw fault }
    guard let calls else { preconditionFailure("a program that has started takes calls") }
    do throws(WireFault) {
      try calls.enqueue(
        WireFrame(
          .call, sequence: sequence + 1,
          header: [JSONMember("call", .string(name))] + content.header, arrays: content.arrays))
    } catch {
      // Nothing was sent: the program is as it was.
      throw FulcrumError(
        .usage, "\(description.name) can't be asked for '\(name)': \(error.message)",
        at: description.location)
    }
    sequence += 1
    while true {
      let frame = try nextFrame(name, calls, limit ?? description.callLimit)
      switch frame.operation {
      case .reply: return frame
      case .error: throw refusal(frame, of: name)
      case .event where frame["progress"] != nil:
        // It says that work goes on: the time starts anew.
        continue
      case .event:
        try sound(name) { () throws(WireFault) in
          guard let content = try answer(frame) else { return }
          try calls.enqueue(
            WireFrame(
              .answer, sequence: sequence, header: content.header, arrays: content.arrays))
        }
      default:
        throw giveUp(
          "expected a reply, an error or an event of \(description.name), got a frame of the"
            + " operation '\(frame.operation)'", name)
      }
    }
  }

  /// Reads something of a frame; the program is given up if that is not there.
  package func sound<Result>(_ call: String, _ work: () throws(WireFault) -> Result)
    throws(FulcrumError) -> Result
  {
    do throws(WireFault) {
      return try work()
    } catch {
      throw giveUp("\(description.name) talks nonsense: \(error.message)", call)
    }
  }

  /// Waits for the next frame of the call at hand.
  private func nextFrame(
    _ name: String, _ calls: WireConnection, _ limit: Duration
  ) throws(FulcrumError) -> WireFrame {
    let deadline = ContinuousClock.now + limit
    while true {
      calls.flush()
      if let frame = calls.next() {
        guard frame.sequence == sequence else {
          throw giveUp(
            "expected a frame of call \(sequence) of \(description.name), got one of call"
              + " \(frame.sequence)", name)
        }
        return frame
      }
      try checkLife(while: "it worked on '\(name)'", limit: limit)
      guard .now < deadline else {
        let reason = silentRank(for: Self.suspicion) ?? lateRank
        throw failure(
          "\(description.name) was silent for \(limit.inSeconds) while it worked on '\(name)'"
            + (reason.map { ": " + $0 } ?? ""),
          hint:
            "raise \(description.limitNames.call) if it needs longer; what it printed is in the log"
            + " above", quotes: reason == nil)
      }
      wait(.milliseconds(200))
    }
  }

  /// The causes that a program may name: it was asked for something that can't be, and is as before.
  private static let causes: Set<FulcrumError.Code> = [
    .usage, .data, .checkpoint, .notFinite, .parameter, .inputOutput, .notFound, .unsupported,
  ]

  /// The error that the program replied with. One of its own faults is its end.
  private func refusal(_ frame: WireFrame, of call: String) -> FulcrumError {
    let code = FulcrumError.Code(rawValue: frame["code"]?.text ?? "plugin-fault")
    let message = frame["message"]?.text ?? "\(description.name) failed without a word"
    let place = frame["where"]?.text.map { " (\($0))" } ?? ""
    if Self.causes.contains(code) {
      return FulcrumError(
        code, message, at: frame["at"]?.text ?? description.location, hint: frame["hint"]?.text)
    }
    if description.survivesFaults, code == .pluginFault {
      return FulcrumError(
        code, message + place, at: description.location, hint: frame["hint"]?.text)
    }
    if frame["ofGroup"]?.bool == true, worldSize > 1 {
      // Rank 0 is the one that is asked, and seldom the one that is lost.
      groupComplaint = groupComplaint ?? message + place
      return loss(while: "it worked on '\(call)'")
    }
    return failure(
      "\(description.name) failed while it worked on '\(call)': \(message)\(place)",
      hint: frame["hint"]?.text)
  }

  private func giveUp(_ message: String, _ call: String) -> FulcrumError {
    failure(
      message + ", while it worked on '\(call)'",
      hint: "host and program are of different versions, or another program answers")
  }
}
