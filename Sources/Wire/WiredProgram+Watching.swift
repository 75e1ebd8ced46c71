import Files
import Foundation
import FulcrumKernel
import JSON

/// Keeps everything moving while the host waits, and sees the program's end.
extension WiredProgram {
  /// The time that a connection has to say who it is.
  private static let introduction = Duration.seconds(10)
  /// The time that the program has to end once it was let go.
  private static let farewell = Duration.seconds(3)

  /// Waits until something happens, and takes what has come.
  func wait(_ limit: Duration) {
    // A negative descriptor is ignored.
    var polled = [
      pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: child.output, events: Int16(POLLIN), revents: 0),
      pollfd(fd: child.errors, events: Int16(POLLIN), revents: 0),
      pollfd(
        fd: calls?.isAtEnd == false ? calls?.descriptor ?? -1 : -1,
        events: Int16(POLLIN) | (calls?.hasOutgoing == true ? Int16(POLLOUT) : 0), revents: 0),
    ]
    polled += (ranks.map(\.lifeline) + strangers.map(\.connection)).filter { !$0.isAtEnd }.map {
      pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0)
    }
    let milliseconds = Int32(max(1, min(200, limit / .milliseconds(1))))
    let beginning = ContinuousClock.now
    _ = poll(&polled, nfds_t(polled.count), milliseconds)
    // A host that was itself stopped for hours has not listened for hours.
    listened += min(.now - beginning, .milliseconds(Int(milliseconds)))
    if polled[1].revents != 0 || polled[2].revents != 0 { output.take(from: child) }
    if polled[3].revents != 0 { receiveCalls() }
    if polled[0].revents != 0 { accept() }
    if polled.dropFirst(4).contains(where: { $0.revents != 0 }) || !strangers.isEmpty {
      meetStrangers()
      listenToRanks()
    }
  }

  private func receiveCalls() {
    do throws(WireFault) {
      try calls?.receive()
    } catch {
      complaint = complaint ?? "it talks nonsense: \(error.message)"
    }
  }

  private func accept() {
    while true {
      let descriptor = listener.accept()
      guard descriptor >= 0 else { return }
      // Who hasn't shown the token sends no more than a hello.
      strangers.append((WireConnection(descriptor, limit: 0), .now))
    }
  }

  /// Learns who has connected. Whoever doesn't know the token is sent away.
  private func meetStrangers() {
    for (connection, since) in strangers {
      try? connection.receive()
      if let hello = connection.next() {
        strangers.removeAll { $0.connection === connection }
        welcome(connection, hello)
      } else if connection.isAtEnd || .now - since > Self.introduction {
        strangers.removeAll { $0.connection === connection }
      }
    }
  }

  private func welcome(_ connection: WireConnection, _ hello: WireFrame) {
    guard hello.operation == .hello, hello["token"]?.text == listener.token,
      let rank = hello["rank"]?.integer, let size = hello["worldSize"]?.integer,
      (1...1 << 20).contains(size), (0..<size).contains(rank),
      ranks.isEmpty && calls == nil || size == worldSize
    else { return connection.close() }
    if hello["role"]?.text == "calls" {
      guard calls == nil, rank == 0 else { return connection.close() }
      calls = connection.trusted()
    } else {
      guard !ranks.contains(where: { $0.rank == rank }) else { return connection.close() }
      ranks.append(
        ProgramRank(
          rank: rank, host: hello["host"]?.text ?? "", process: hello["pid"]?.integer ?? 0,
          lifeline: connection))
    }
    worldSize = size
  }

  /// Gives the program up, and returns the reason with its last words, unless they say nothing.
  func failure(_ message: String, hint: String? = nil, quotes: Bool = true) -> FulcrumError {
    // What it prints because it is ended is no word of its own.
    output.take(from: child)
    if child.hasEnded() { output.flush() }
    let words = output.lastWords
    end()
    let isSaid = quotes && !words.isEmpty && !message.contains(words)
    let said = isSaid ? "; its last words: '\(words)'" : ""
    let error = FulcrumError(
      .program, message + said, at: description.location,
      hint: hint ?? "what it printed is in the log above")
    fault = error
    return error
  }

  /// Ends the program with all its processes, and waits until they are gone. Nothing can be asked
  /// afterwards.
  package func end() {
    if fault == nil {
      fault = FulcrumError(.program, "\(description.name) was ended", at: description.location)
    }
    listener.close()
    calls?.close()
    for rank in ranks { rank.lifeline.close() }
    for stranger in strangers { stranger.connection.close() }
    strangers = []
    // Each rank ends when its lifeline does; a launcher ends when its ranks have.
    let deadline = ContinuousClock.now + Self.farewell
    while .now < deadline, !child.hasEnded() || ranks.contains(where: \.isAlive) {
      output.take(from: child)
      usleep(5000)
    }
    child.kill()
    for rank in ranks { rank.kill() }
    // The kernel takes a moment, however hard the signal.
    let last = ContinuousClock.now + .seconds(1)
    while .now < last, ranks.contains(where: \.isAlive) { usleep(2000) }
    output.take(from: child)
    output.flush()
  }
}

extension FulcrumError.Code {
  /// The code of a program that can't be started, ends or breaks the protocol.
  package static let program = FulcrumError.Code(rawValue: "program")
}
