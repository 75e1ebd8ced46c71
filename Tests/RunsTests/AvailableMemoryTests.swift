import Foundation
import Runs
import Testing

@Suite struct AvailableMemoryTests {
  @Test func `the machine says how much memory is left`() throws {
    let available = try #require(AvailableMemory.bytes)
    #expect(available > 0)
    #expect(UInt64(available) <= ProcessInfo.processInfo.physicalMemory)
  }
}
