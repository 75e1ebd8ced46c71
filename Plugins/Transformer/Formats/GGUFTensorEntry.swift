import FulcrumKernel

/// Holds what the header of a GGUF file has about one tensor.
struct GGUFTensorEntry {
  /// The format's own limit of a name's length, in bytes.
  private static let nameLimit = 64

  let name: String
  /// The sizes, row-major.
  let shape: [Int]
  let element: GGUFElement
  /// The number of bytes that the shape and the type need.
  let byteCount: Int
  /// The offset from the start of the data; not checked yet.
  let offset: UInt64

  /// Reads an entry.
  ///
  /// - Throws: `.checkpoint` for sizes that no tensor has, `.unsupported` for a type that isn't
  ///   read, both naming the tensor.
  init(_ scanner: inout GGUFScanner, index: Int) throws(FulcrumError) {
    name = try scanner.text(atMost: Self.nameLimit, "the name of tensor \(index)")
    let place = "tensor '\(name)'"
    let rank: UInt32 = try scanner.integer("the rank of \(place)")
    guard (1...4).contains(rank) else {
      throw GGUFScanner.fault("\(place) has \(rank) dimensions, expected from 1 to 4")
    }
    var sizes: [Int] = []
    var count = 1
    for _ in 0..<rank {
      let size: UInt64 = try scanner.integer("the shape of \(place)")
      guard size > 0 else { throw GGUFScanner.fault("\(place) has a size 0 in its shape") }
      let product = count.multipliedReportingOverflow(by: Int(clamping: size))
      // Eight bytes an element would still be addressed; no type has more.
      guard !product.overflow, product.partialValue <= Int.max / 8 else {
        throw GGUFScanner.fault("\(place) has a shape too large to address")
      }
      count = product.partialValue
      sizes.append(Int(size))
    }
    let type: UInt32 = try scanner.integer("the type of \(place)")
    guard let element = GGUFElement(rawValue: type) else {
      throw FulcrumError(
        .unsupported, "\(place) has the type \(GGUFElement.name(type)), which is not read",
        hint: "types that are: " + GGUFElement.readableNames)
    }
    guard sizes[0] % element.blockLength == 0 else {
      throw GGUFScanner.fault(
        "\(place) has rows of \(sizes[0]), expected a multiple of \(element.blockLength) for"
          + " \(GGUFElement.name(type))")
    }
    shape = sizes.reversed()
    self.element = element
    byteCount = count / element.blockLength * element.blockByteCount
    offset = try scanner.integer("the offset of \(place)")
  }
}
