import Foundation

/// Holds the tables for composing scalars; Hangul is computed instead.
///
/// The tables are those of Unicode 9.0, as the `tokenizers` library has them: models' vocabularies
/// and training texts were normalized by them. Later characters stay as they are.
///
/// - Source: Unicode Standard Annex 15.
struct CompositionTables: Sendable {
  /// The tables for a normal form.
  static func shared(_ form: NormalizationForm) -> CompositionTables {
    switch form {
    case .composed: composed
    case .decomposed: decomposed
    case .compatiblyComposed: compatiblyComposed
    case .compatiblyDecomposed: compatiblyDecomposed
    }
  }

  private static let composed = CompositionTables(.composed)
  private static let decomposed = CompositionTables(.decomposed)
  private static let compatiblyComposed = CompositionTables(.compatiblyComposed)
  private static let compatiblyDecomposed = CompositionTables(.compatiblyDecomposed)

  /// The full decomposition of each scalar that has one: canonical, or that of compatibility.
  private(set) var decompositions: [UInt32: [UInt32]] = [:]
  /// The composite of each pair that has one.
  private var composites: [UInt64: UInt32] = [:]
  /// Whether a text with the scalar may not be in the form yet, by scalar below U+10000: the scalar
  /// moves, may join the one before it, or is taken apart for good.
  private var isUnstable = [Bool](repeating: false, count: 0x10000)
  private var unstableAbove: Set<UInt32> = []

  /// The ranges in which Unicode 9.0 has decompositions; asking Foundation for every scalar would
  /// take a second.
  private static let decomposing: [ClosedRange<UInt32>] = [
    0xC0...0x30FF, 0xF900...0xFB4E, 0x11000...0x115FF, 0x1D15E...0x1D1C0, 0x2F800...0x2FA1D,
  ]

  /// The ranges in which it has decompositions for compatibility.
  private static let compatiblyDecomposing: [ClosedRange<UInt32>] = [
    0xA0...0x33FF, 0xA69C...0xAB5F, 0xF900...0xFFEE, 0x11000...0x115FF, 0x1D15E...0x1D1C0,
    0x1D400...0x1D7FF, 0x1EE00...0x1EEBB, 0x1F100...0x1F251, 0x2F800...0x2FA1D,
  ]

  private init(_ form: NormalizationForm) {
    var canonical: [UInt32: [UInt32]] = [:]
    let ranges = form.isCompatible ? Self.compatiblyDecomposing : Self.decomposing
    for value in ranges.joined() {
      guard let scalar = Unicode.Scalar(value), Self.isOld(scalar.properties) else { continue }
      let text = String(scalar)
      let parts = text.decomposedStringWithCanonicalMapping.unicodeScalars.map(\.value)
      if parts != [value] { canonical[value] = parts }
      guard form.isCompatible else { continue }
      let all = text.decomposedStringWithCompatibilityMapping.unicodeScalars.map(\.value)
      if all != [value] { decompositions[value] = all }
      if all != parts { markUnstable(value) }
    }
    if !form.isCompatible { decompositions = canonical }
    for value in UInt32(0x300)..<0x10000 where Self.combiningClass(value) != 0 {
      markUnstable(value)
    }
    if form.isComposing {
      addComposites(canonical)
    } else {
      for value in decompositions.keys { markUnstable(value) }
      for value in Hangul.syllables { markUnstable(value) }
    }
  }

  private mutating func addComposites(_ canonical: [UInt32: [UInt32]]) {
    var wholes: [[UInt32]: UInt32] = [:]
    for (value, parts) in canonical where !Self.isExcluded(value) { wholes[parts] = value }
    for (parts, value) in wholes {
      guard let second = parts.last else { continue }
      // The parts before the last one form one scalar too: their composite.
      let prefix = Array(parts.dropLast())
      if let first = prefix.count == 1 ? prefix[0] : wholes[prefix] {
        composites[Self.key(first, second)] = value
        markUnstable(second)
      }
    }
    for value in canonical.keys where Self.isExcluded(value) { markUnstable(value) }
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
  static let syllables: Range<UInt32> = 0xAC00..<0xD7A4
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
