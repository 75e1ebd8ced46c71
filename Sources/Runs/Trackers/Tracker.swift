import Files
import Foundation
import FulcrumKernel
import JSON

/// A program that is told of a run, a line of JSON at a time on its standard input.
///
/// It never holds the run up and never ends it: what it doesn't read waits in memory, up to a limit, and
/// its death is a line in the log.
final class Tracker {
  /// The most bytes that wait for it; what comes after them is dropped.
  private static let mostPending = 64 << 20
  /// The longest time that a run's end waits for it to take what is left, and to end.
  private static let farewell = Duration.seconds(30)

  let name: String
  private let child: RunningProcess
  private let log: ProgramLog
  private var pending: ArraySlice<UInt8> = []
  private var lines = LineBuffer(limit: ProgramLog.longestLine)
  private var isLost = false

  /// - Throws: `.inputOutput` if it can't be started.
  init(_ name: String, command: [String]) throws(FulcrumError) {
    self.name = name
    log = ProgramLog(prefix: name + ": ")
    var program = RunningProcess.Program(executable: command[0], arguments: command)
    // Ctrl-C ends the run after its step: the tracker is told of that step, and of the end.
    program.hasOwnGroup = true
    child = try RunningProcess(program)
  }

  /// Puts a line in the line of what is to be sent, and sends what the pipe takes.
  func tell(_ line: String) {
    if pending.count < Self.mostPending { pending += Array(line.utf8) + [UInt8(ascii: "\n")] }
    pump()
  }

  /// Gives it time to take what is left and to end, then ends it.
  func finish() {
    let deadline = ContinuousClock.now + Self.farewell
    while !isLost, !pending.isEmpty, .now < deadline {
      pump()
      usleep(10_000)
    }
    child.closeInput()
    while !child.hasEnded(), .now < deadline {
      listen()
      usleep(10_000)
    }
    let isLate = !child.hasEnded()
    child.kill()
    listen()
    lines.flush { log.write(String(decoding: $0, as: UTF8.self) + ($1 > 0 ? " …" : "")) }
    if isLate {
      log.write("it did not end within \(Self.farewell.components.seconds) s, and was ended")
    } else if !isLost, let end = child.end, end != .exited(0) {
      log.write("\(end.phrase); the run is not affected")
    }
  }

  private func pump() {
    listen()
    guard !isLost else { return }
    if child.hasEnded() || child.input < 0 {
      isLost = true
      pending = []
      let end = child.end?.phrase ?? "it closed its standard input"
      log.write("\(end); it is told no more, and the run goes on")
      return
    }
    while !pending.isEmpty {
      let count = child.write(pending)
      guard count > 0 else { return }
      pending = pending.dropFirst(count)
    }
  }

  /// Passes on what it prints.
  private func listen() {
    for (stream, close) in [
      (child.output, child.closeOutput), (child.errors, child.closeErrors),
    ] where stream >= 0 {
      let isAtEnd = lines.take(from: stream) { line, omitted in
        log.write(String(decoding: line, as: UTF8.self) + (omitted > 0 ? " …" : ""))
      }
      if isAtEnd { close() }
    }
  }
}
