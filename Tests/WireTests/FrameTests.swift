import JSON
import Testing
import Wire

@Suite("frames") struct FrameTests {
  @Test("a frame is read as it was written")
  func roundTrip() throws {
    let frame = WireFrame(
      .call, sequence: 7, header: [JSONMember("call", .string("score"))],
      arrays: [("tokens", WireArray([1, 2, 3] as [Int32])), ("flags", WireArray([true, false]))])
    var reader = FrameReader()
    var read: WireFrame?
    for byte in try frame.encoded() { read = try reader.add([byte]) }
    #expect(read == frame)
    #expect(!reader.isWithinFrame)
  }
}
