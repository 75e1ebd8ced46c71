import Foundation

/// Holds the tables for composing scalars; Hangul is computed instead.
///
/// The tables are those of Unicode 9.0, as the `tokenizers` library has them: models' vocabularies
/// and training texts were normalized by them. Later characters stay as they are.
///
/// - Source: Unicode Standard Annex 15.
struct CompositionTables: Sendable {
  static let shared = CompositionTables()

  /// The full canonical decomposition of each scalar that has one.
  private(set) var decompositions: [UInt32: [UInt32]] = [:]
  /// The composite of each pair that has one.
  private var composites: [UInt64: UInt32] = [:]
  /// Whether a text with the scalar may not be composed yet, by scalar below U+10000: the scalar
  /// moves, may join the one before it, or is taken apart for good.
  private var isUnstable = [Bool](repeating: false, count: 0x10000)
  private var unstableAbove: Set<UInt32> = []

  /// The ranges in which Unicode 9.0 has decompositions; asking Foundation for every scalar would
  /// take a second.
  private static let decomposing: [ClosedRange<UInt32>] = [
    0xC0...0x30FF, 0xF900...0xFB4E, 0x11000...0x115FF, 0x1D15E...0x1D1C0, 0x2F800...0x2FA1D,
  ]

  private init() {
    for value in Self.decomposing.joined() {
      guard let scalar = Unicode.Scalar(value), Self.isOld(scalar.properties) else { continue }
      let text = String(scalar)
      let parts = text.decomposedStringWithCanonicalMapping.unicodeScalars.map(\.value)
      if parts != [value] { decompositions[value] = parts }
    }
    var wholes: [[UInt32]: UInt32] = [:]
    for (value, parts) in decompositions where !Self.isExcluded(value) { wholes[parts] = value }
    for (parts, value) in wholes {
      guard let second = parts.last else { continue }
      // The parts before the last one form one scalar too: their composite.
      let prefix = Array(parts.dropLast())
      if let first = prefix.count == 1 ? prefix[0] : wholes[prefix] {
        composites[Self.key(first, second)] = value
        markUnstable(second)
      }
    }
    for value in decompositions.keys where Self.isExcluded(value) { markUnstable(value) }
    for value in UInt32(0x300)..<0x10000 where Self.combiningClass(value) != 0 {
      markUnstable(value)
    }
    for value in Hangul.vowels { markUnstable(value) }
    for value in Hangul.finals { markUnstable(value) }
  }

  private mutating func markUnstable(_ value: UInt32) {
    if value < 0x10000 { isUnstable[Int(value)] = true } else { unstableAbove.insert(value) }
  }

  private static func isOld(_ properties: Unicode.Scalar.Properties) -> Bool {
    properties.age.map { $0.major <= 9 } ?? false
  }

  private static func isExcluded(_ value: UInt32) -> Bool {
    Unicode.Scalar(value)?.properties.isFullCompositionExclusion ?? true
  }

  private static func key(_ first: UInt32, _ second: UInt32) -> UInt64 {
    UInt64(first) << 32 | UInt64(second)
  }

  /// Returns the Canonical_Combining_Class: marks of different classes have one order.
  static func combiningClass(_ value: UInt32) -> UInt8 {
    guard let properties = Unicode.Scalar(value)?.properties else { return 0 }
    let combiningClass = properties.canonicalCombiningClass.rawValue
    return combiningClass == 0 || isOld(properties) ? combiningClass : 0
  }

  func isStable(_ value: UInt32) -> Bool {
    value < 0x10000
      ? !isUnstable[Int(value)]
      : !unstableAbove.contains(value) && Self.combiningClass(value) == 0
  }

  /// Returns the scalar that two make; nil if they stay two.
  func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
    Hangul.composite(first, second) ?? composites[Self.key(first, second)]
  }
}

/// Computes syllables of a leading consonant, a vowel and perhaps a final consonant.
///
/// - Source: The Unicode Standard, section 3.12.
enum Hangul {
  private static let leads: Range<UInt32> = 0x1100..<0x1113
  static let vowels: Range<UInt32> = 0x1161..<0x1176
  static let finals: Range<UInt32> = 0x11A8..<0x11C3
  private static let syllables: Range<UInt32> = 0xAC00..<0xD7A4
  /// The number of syllables of one lead and vowel: one without a final consonant, and one with
  /// each.
  private static let finalCount = UInt32(finals.count) + 1

  static func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if leads.contains(first), vowels.contains(second) {
      let pair = (first - leads.lowerBound) * UInt32(vowels.count) + second - vowels.lowerBound
      return syllables.lowerBound + pair * finalCount
    }
    if syllables.contains(first), (first - syllables.lowerBound) % finalCount == 0,
      finals.contains(second)
    {
      return first + second - finals.lowerBound + 1
    }
    return nil
  }

  /// Returns the two or three parts of a syllable; nil for any other scalar.
  static func parts(_ value: UInt32) -> [UInt32]? {
    guard syllables.contains(value) else { return nil }
    let index = value - syllables.lowerBound
    let pair = index / finalCount
    let parts = [
      leads.lowerBound + pair / UInt32(vowels.count),
      vowels.lowerBound + pair % UInt32(vowels.count),
    ]
    let last = index % finalCount
    return last == 0 ? parts : parts + [finals.lowerBound + last - 1]
  }
}
