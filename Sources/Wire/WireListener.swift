import Files
import Foundation
import FulcrumKernel

/// Waits for the connections of a program that was told an address and a token.
///
/// A Unix socket lies in a folder of its own that only this user may enter. A TCP socket serves
/// programs on other hosts; the token keeps strangers out.
final class WireListener {
  /// What a program finds in its environment: `unix:/path`, `tcp:host:port`.
  let address: String
  /// 64 random hexadecimal digits.
  let token: String
  private(set) var descriptor: Int32
  private var folder: String?

  /// - Parameter host: the address to listen at for TCP; `nil`: a Unix socket.
  init(host: String?) throws(FulcrumError) {
    token = (0..<4).map { _ in
      let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
    if let host {
      (descriptor, address) = try Self.listen(host)
    } else {
      let made = try Self.listenInFolder()
      (descriptor, folder) = (made.descriptor, made.folder)
      address = "unix:" + made.folder + "/socket"
    }
  }

  deinit { close() }

  /// Takes no more connections, and removes the socket's file.
  func close() {
    if descriptor >= 0 { _ = Glibc.close(descriptor) }
    descriptor = -1
    guard let folder else { return }
    unlink(folder + "/socket")
    rmdir(folder)
    self.folder = nil
  }

  /// The next connection that waits; −1: none.
  func accept() -> Int32 {
    let accepted = Glibc.accept(descriptor, nil, nil)
    guard accepted >= 0 else { return accepted }
    _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
    _ = fcntl(accepted, F_SETFL, O_NONBLOCK)
    if !address.hasPrefix("unix") { Self.watch(accepted) }
    return accepted
  }

  /// Sends small frames at once, and lets the system notice within 90 s that the other machine, or the link to
  /// it, is gone: a machine that loses its power says no good-bye.
  private static func watch(_ socket: Int32) {
    let options: [(level: Int32, name: Int32, value: Int32)] = [
      (Int32(IPPROTO_TCP), TCP_NODELAY, 1), (SOL_SOCKET, SO_KEEPALIVE, 1),
      (Int32(IPPROTO_TCP), TCP_KEEPIDLE, 30), (Int32(IPPROTO_TCP), TCP_KEEPINTVL, 10),
      (Int32(IPPROTO_TCP), TCP_KEEPCNT, 6), (Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, 90_000),
    ]
    for option in options {
      var value = option.value
      setsockopt(
        socket, option.level, option.name, &value, socklen_t(MemoryLayout<Int32>.size))
    }
  }

  private static func listenInFolder() throws(FulcrumError) -> (descriptor: Int32, folder: String) {
    // A socket's path is short by definition; a long TMPDIR doesn't fit.
    let temporary = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    let parent = temporary.utf8.count > 60 || temporary.isEmpty ? "/tmp" : temporary
    var template = Array("\(parent)/fulcrum.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw SystemFault.error("make a folder for a socket", parent)
    }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    do throws(FulcrumError) {
      return (try listen(path: folder + "/socket"), folder)
    } catch {
      rmdir(folder)
      throw error
    }
  }

  private static func listen(path: String) throws(FulcrumError) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard path.utf8.count < room else {
      throw FulcrumError(
        .inputOutput, "expected a socket's path below \(room) bytes, got \(path.utf8.count)",
        at: path, hint: "set TMPDIR to a shorter folder")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let socket = Glibc.socket(
      AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { throw SystemFault.error("open a socket", path) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let isBound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, size) == 0 }
    }
    // The folder keeps others out; the mode says so once more.
    guard isBound, chmod(path, 0o600) == 0, Glibc.listen(socket, 128) == 0 else {
      let fault = SystemFault.error("listen at a socket", path)
      _ = Glibc.close(socket)
      throw fault
    }
    return socket
  }

  /// - Parameter host: `HOST`, or `HOST:PORT`; the host is this machine's name or address, or `auto`: at all
  ///   addresses, and others find it by its name. (By itself it may know its name as a loopback's.)
  private static func listen(_ host: String) throws(FulcrumError) -> (Int32, String) {
    let parts = host.split(separator: ":", maxSplits: 1).map(String.init)
    let name = parts.first ?? host
    guard parts.count < 2 || UInt16(parts[1]) != nil else {
      throw FulcrumError(
        .parameter, "expected a port from 0 to 65535, got '\(parts[1])'", at: host,
        hint: "give HOST or HOST:PORT; without a port, a free one is taken")
    }
    var hints = addrinfo()
    hints.ai_family = AF_INET
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE
    var found: UnsafeMutablePointer<addrinfo>?
    let isAnywhere = name == "auto"
    let fault = getaddrinfo(
      isAnywhere ? nil : name, parts.count > 1 ? parts[1] : "0", &hints, &found)
    defer { if let found { freeaddrinfo(found) } }
    guard fault == 0, let info = found else {
      throw FulcrumError(
        .inputOutput,
        "expected this machine's name or address to listen at, got '\(host)':"
          + " \(String(cString: gai_strerror(fault)))", at: host,
        hint: "give HOST or HOST:PORT that the other machines reach, or leave it out on one machine"
      )
    }
    let socket = Glibc.socket(
      AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { throw SystemFault.error("open a socket", host) }
    var isOn: Int32 = 1
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size))
    guard bind(socket, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0,
      Glibc.listen(socket, 1024) == 0
    else {
      let fault = SystemFault.error("listen at it", host)
      _ = Glibc.close(socket)
      throw fault
    }
    var bound = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &bound) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
    }
    let known = isAnywhere ? ProcessInfo.processInfo.hostName : name
    return (socket, "tcp:\(known):\(UInt16(bigEndian: bound.sin_port))")
  }
}
