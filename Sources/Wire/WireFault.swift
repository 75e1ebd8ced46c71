/// Says why bytes are no frame, or why a frame is not what was asked for.
package struct WireFault: Error, Equatable {
  /// The expectation and what came instead, in one sentence without a full stop.
  package let message: String

  package init(_ message: String) { self.message = message }
}
