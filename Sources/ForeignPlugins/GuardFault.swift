internal import CFFI
import Foundation

/// Tells which array a function had in hand when it touched memory that it must not touch.
enum GuardFault {
  fileprivate struct Region {
    let low: UInt
    let high: UInt
    let text: UnsafeMutablePointer<CChar>
    let count: Int
  }

  private static let capacity = 4096

  /// Reports to a descriptor from now on; the signal then ends the process as it always does.
  static func report(to descriptor: Int32) {
    guardRegions = .allocate(capacity: capacity)
    guardDescriptor = descriptor
    var action = sigaction()
    action.__sigaction_handler.sa_sigaction = handleGuardFault
    action.sa_flags = Int32(truncatingIfNeeded: UInt32(SA_SIGINFO) | UInt32(SA_RESETHAND))
    sigaction(SIGSEGV, &action, nil)
    sigaction(SIGBUS, &action, nil)
  }

  /// Names a piece of memory for reports. Nothing is watched where `report` was not called.
  static func watch(_ start: UnsafeMutableRawPointer, _ count: Int, touching what: String) {
    guard let regions = guardRegions, guardRegionCount < capacity else { return }
    let line = "\(ForeignReport.touched) \(what)\n"
    guard let text = strdup(line) else { return }
    (regions + guardRegionCount).initialize(
      to: Region(
        low: UInt(bitPattern: start), high: UInt(bitPattern: start) + UInt(count), text: text,
        count: line.utf8.count))
    guardRegionCount += 1
  }
}

// What a signal handler may read: plain memory, written before the function is called. One thread
// of a process that lives for one check.
nonisolated(unsafe) private var guardRegions: UnsafeMutablePointer<GuardFault.Region>?
nonisolated(unsafe) private var guardRegionCount = 0
nonisolated(unsafe) private var guardDescriptor: Int32 = -1

/// Only reads memory and writes to a descriptor: a signal handler may do no more.
private func handleGuardFault(
  _ signal: Int32, _ info: UnsafeMutablePointer<siginfo_t>?, _ context: UnsafeMutableRawPointer?
) {
  guard let info, let regions = guardRegions else { return }
  let address = UInt(bitPattern: fulcrum_fault_address(info))
  var index = 0
  while index < guardRegionCount {
    let region = regions[index]
    if address >= region.low, address < region.high {
      _ = write(guardDescriptor, region.text, region.count)
      return
    }
    index += 1
  }
}
