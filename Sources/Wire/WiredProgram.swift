import Files
import Foundation
import FulcrumKernel
import JSON

/// Runs a program that speaks in frames, and asks it things. The program may be several processes
/// (ranks), started by a launcher: rank 0 is asked, and the host sees the end of any.
///
/// One thread works on all of it with `poll`. Once a call has failed for a reason that is the
/// program's, the program is ended for good. Documentation/Wire.md has the protocol.
package final class WiredProgram {
  /// Describes the program to run.
  package struct Description: Sendable {
    /// What messages call it: `the engine`.
    package let name: String
    /// Where messages place its faults: the component's name.
    package let location: String
    /// The launcher, if there is one, and the program, with their arguments.
    package let command: [String]
    package var environment: [String: String] = [:]
    /// The address to listen at for programs on several machines, `auto` for all; `nil`: a Unix socket.
    package var host: String?
    /// The longest time from the start to the first connection that takes calls.
    package var startLimit: Duration = .seconds(600)
    /// The longest time without a frame during a call.
    package var callLimit: Duration = .seconds(1800)
    /// The user's names for the two limits.
    package var limitNames = (start: "start-limit", call: "time-limit")
    /// The program is of use after an error of its own, which the user's code made.
    package var survivesFaults = false

    package init(name: String, location: String, command: [String]) {
      self.name = name
      self.location = location
      self.command = command
    }
  }

  let description: Description
  let child: RunningProcess
  let listener: WireListener
  var output: ProgramOutput
  /// Connections that haven't said yet who they are, each with its time of arrival.
  var strangers: [(connection: WireConnection, since: ContinuousClock.Instant)] = []
  var ranks: [ProgramRank] = []
  /// The connection that takes calls, once rank 0 has made it.
  var calls: WireConnection?
  package internal(set) var worldSize = 1
  /// The ranks that are gone, by their place in `ranks`, in the order in which the host saw it.
  var losses: [Int] = []
  /// How long the host has listened: the time in which a rank's silence counts. While the host is busy with
  /// other things, what ranks say waits to be read.
  var listened = Duration.zero
  /// What a rank has said about its end.
  var complaint: String?
  /// What a rank has said about its end that another's absence explains: its group failed.
  var groupComplaint: String?
  var sequence: UInt32 = 0
  /// Why no more can be asked.
  var fault: FulcrumError?

  /// Starts the program, and waits until it takes calls.
  ///
  /// - Throws: `.program` if it doesn't come so far; `.stopped` if the run was asked to stop.
  package init(_ description: Description) throws(FulcrumError) {
    self.description = description
    listener = try WireListener(host: description.host)
    let name = description.command.first ?? ""
    let folder = FileManager.default.currentDirectoryPath
    guard let path = ExecutableFile.find(name, seenFrom: folder) else {
      throw FulcrumError(
        .parameter,
        name.contains("/")
          ? "expected a program, found no executable file at '\(name)'"
          : "expected a program, found no executable '\(name)' in PATH: \(ExecutableFile.searchPath)",
        at: description.location, hint: "install it, or give its path (with a '/')")
    }
    var program = RunningProcess.Program(executable: path, arguments: description.command)
    program.environment.merge(description.environment) { $1 }
    program.environment["FULCRUM_ENGINE_ADDRESS"] = listener.address
    program.environment["FULCRUM_ENGINE_TOKEN"] = listener.token
    program.environment["PYTHONUNBUFFERED"] = "1"
    // Ctrl-C asks the host to stop after the step, and must not take away what that step needs.
    program.hasOwnGroup = true
    child = try RunningProcess(program)
    child.closeInput()
    output = ProgramOutput(log: ProgramLog(prefix: description.location + ": "))
    do throws(FulcrumError) {
      try waitForCalls()
    } catch {
      end()
      throw error
    }
  }

  deinit { end() }

  private func waitForCalls() throws(FulcrumError) {
    let deadline = ContinuousClock.now + description.startLimit
    while calls == nil || ranks.count < worldSize {
      try checkLife(while: "it started")
      guard !StopRequest.isMade else {
        throw FulcrumError(
          .stopped, "the run was asked to stop while \(description.name) started",
          at: description.location)
      }
      let left = deadline - .now
      guard left > .zero else {
        let here =
          worldSize > 1 && ranks.count < worldSize
          ? "\(ranks.count) of \(worldSize) ranks are there" + missing
          : "rank 0 takes no calls yet"
        throw failure(
          "\(description.name) did not start within \(description.startLimit.inSeconds): \(here)",
          hint:
            "raise \(description.limitNames.start) if it needs longer; what it printed is in the log"
            + " above")
      }
      wait(min(left, .milliseconds(200)))
    }
    // All have come: no file stays behind, whatever happens.
    listener.close()
  }

  /// The ranks that haven't come, a few of them at most.
  private var missing: String {
    let here = Set(ranks.map(\.rank))
    let absent = (0..<worldSize).lazy.filter { !here.contains($0) }.prefix(8).map(String.init)
    let more = worldSize - here.count > absent.count ? ", …" : ""
    return ", not " + absent.joined(separator: ", ") + more
  }
}
