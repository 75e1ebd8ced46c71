/// The checksum of a record: CRC-32 with Castagnoli's polynomial, least significant bit first.
///
/// - Source: RFC 3720, section 12.1 and appendix B.4; the mask is that of TFRecord files.
package enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in
      value >> 1 ^ (value & 1 == 1 ? 0x82F6_3B78 : 0)
    }
  }

  package static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { value, byte in
      value >> 8 ^ table[Int(UInt8(truncatingIfNeeded: value) ^ byte)]
    }
  }

  /// The checksum as TFRecord files hold it: turned and shifted, so that the checksum of bytes that
  /// contain checksums stays sound.
  package static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let sum = checksum(bytes)
    return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
  }
}
