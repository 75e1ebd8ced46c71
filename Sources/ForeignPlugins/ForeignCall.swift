import Foundation
import FulcrumKernel

/// One call of a foreign function: gives its arguments what they are bound to and takes what it left.
struct ForeignCall {
  private let function: ForeignFunction
  private let memory: ForeignMemory
  private var slots: [UInt64]

  init(_ function: ForeignFunction, _ memory: ForeignMemory) {
    self.function = function
    self.memory = memory
    slots = function.constants
    memory.reset()
  }

  /// Gives a count or a flag to the arguments that are bound to it.
  ///
  /// - Throws: `.pluginFault` if it doesn't fit the argument's type.
  mutating func set(_ quantity: ForeignQuantity, _ value: Int) throws(FulcrumError) {
    for (index, argument) in function.manifest.arguments.enumerated()
    where argument.binding == .quantity(quantity) {
      if argument.type == .i32 {
        guard let small = Int32(exactly: value) else {
          throw FulcrumError(
            .pluginFault, "\(quantity.rawValue) = \(value) doesn't fit the argument's 32 bits",
            hint: "write {type: i64, bind: \(quantity.rawValue)} and int64_t in the library")
        }
        slots[index] = UInt64(UInt32(bitPattern: small))
      } else {
        slots[index] = UInt64(bitPattern: Int64(value))
      }
    }
  }

  /// Gives a copy of a text, ended by a NUL.
  mutating func copy(_ quantity: ForeignQuantity, _ text: String) {
    for (index, argument) in function.manifest.arguments.enumerated()
    where argument.binding == .quantity(quantity) {
      var text = text
      let copy = text.withUTF8 { bytes in
        let room = memory.room(bytes.count + 1, name: quantity.rawValue)
        if let base = bytes.baseAddress { room.copyMemory(from: base, byteCount: bytes.count) }
        return room
      }
      memory.seal()
      slots[index] = UInt64(UInt(bitPattern: copy))
    }
  }

  /// Gives a copy of an array whose elements have the argument's size.
  mutating func copy<Element: BitwiseCopyable>(
    _ quantity: ForeignQuantity, _ values: Span<Element>
  ) {
    for (index, argument) in function.manifest.arguments.enumerated()
    where argument.binding == .quantity(quantity) {
      let copy = values.withUnsafeBytes { bytes in
        memory.copy(bytes, name: quantity.rawValue, isWritable: argument.type.isWritable)
      }
      slots[index] = UInt64(UInt(bitPattern: copy))
    }
  }

  /// Gives room for `count` values, all zero, to fill before the call or read after it; `nil` if
  /// no argument is bound to it.
  mutating func room<Element: BitwiseCopyable>(
    _ quantity: ForeignQuantity, of type: Element.Type, count: Int
  ) -> UnsafeMutablePointer<Element>? {
    let arguments = function.manifest.arguments
    guard function.manifest.binds(quantity) else { return nil }
    let room = memory.room(count * MemoryLayout<Element>.stride, name: quantity.rawValue)
    for other in arguments.indices where arguments[other].binding == .quantity(quantity) {
      slots[other] = UInt64(UInt(bitPattern: room))
    }
    return room.bindMemory(to: Element.self, capacity: count)
  }

  /// Calls the function.
  ///
  /// - Returns: the reward, or 0 where the function returns none.
  /// - Throws: `.pluginFault` for a status other than 0 or a write beyond an array.
  mutating func run() throws(FulcrumError) -> Double {
    let result = try function.call(&slots)
    try memory.verify()
    return result
  }

  /// Takes what the function left in an array that it was given.
  func read(_ quantity: ForeignQuantity, into values: inout MutableSpan<Float>) {
    let arguments = function.manifest.arguments
    guard let index = arguments.firstIndex(where: { $0.binding == .quantity(quantity) }),
      let start = UnsafePointer<Float>(bitPattern: UInt(slots[index]))
    else { return }
    for place in values.indices { values[place] = start[place] }
  }

  /// Gives all that a whole batch has: its shape, its columns and the step.
  ///
  /// - Throws: `.pluginFault` if a column was not computed or a count doesn't fit.
  mutating func set(_ batch: RolloutBatch) throws(FulcrumError) {
    let sequences = batch.sequences
    let manifest = function.manifest
    for quantity in ForeignQuantity.allCases where manifest.binds(quantity) {
      guard let column = quantity.column(for: manifest.kind) else { continue }
      copy(quantity, try batch.column(column))
    }
    copy(.rewards, batch.rewards)
    copy(.tokens, sequences.tokens)
    copy(.sequenceOffsets, sequences.offsets)
    copy(.groupOffsets, sequences.groupOffsets)
    copy(.minibatchOffsets, batch.minibatchOffsets)
    if let room = room(.isFinished, of: Int32.self, count: sequences.sequenceCount) {
      let isFinished = batch.isFinished
      for sequence in isFinished.indices { room[sequence] = isFinished[sequence] ? 1 : 0 }
      memory.seal()
    }
    try set(.tokenCount, sequences.tokenCount)
    try set(.sequenceCount, sequences.sequenceCount)
    try set(.groupCount, sequences.groupCount)
    try set(.minibatchCount, batch.minibatchOffsets.count - 1)
    try set(.step, Int(batch.step))
  }

  /// Ends the filling of a room that the function may only read.
  func seal() { memory.seal() }
}
