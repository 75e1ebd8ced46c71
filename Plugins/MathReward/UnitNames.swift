/// Lists units by their names, and other words that may stand after a number.
enum UnitNames {
  enum Meaning {
    case unit(String)
    /// A power that the next unit gets: *square*, *cubic*.
    case square(Int)
    case factor(Int)
    case per
  }

  /// What follows an ordinal number. In *hundredth* it would be another number's.
  static let ordinals: Set<String> = ["st", "nd", "rd", "th"]

  static let percent: Set<String> = ["percent", "percents", "pct"]

  static func currency(_ token: MathToken) -> String? {
    switch token {
    case .character("$"): "dollar"
    case .character("€"): "euro"
    case .character("£"): "sterling"
    case .character("¥"): "yen"
    case .character("₹"): "rupee"
    case .character("¢"): "cent"
    default: nil
    }
  }

  /// Units with their further names. Of a name of four letters or more the plural is known too.
  private static let names: [String: [String]] = [
    "meter": ["m", "metre"], "centimeter": ["cm", "cms", "centimetre"],
    "millimeter": ["mm", "millimetre"], "kilometer": ["km", "kms", "kilometre"],
    "inch": ["in", "inches"], "foot": ["ft", "feet"], "yard": ["yd", "yds"], "mile": ["mi"],
    "nanometer": ["nm"], "gram": ["g"], "kilogram": ["kg", "kgs"], "milligram": ["mg"],
    "tonne": ["ton"], "pound": ["lb", "lbs"], "ounce": ["oz"], "second": ["s", "sec", "secs"],
    "minute": ["min", "mins"], "hour": ["h", "hr", "hrs"], "day": ["days"], "week": [],
    "month": [], "year": ["yr", "yrs"], "century": ["centuries"], "decade": [],
    "millisecond": ["ms"],
    "liter": ["L", "l", "litre"], "milliliter": ["mL", "ml", "millilitre"], "gallon": ["gal"],
    "quart": [], "pint": [], "cup": ["cups"], "acre": [], "hectare": ["ha"],
    "mph": [], "kmh": ["kph"], "newton": ["N"], "joule": ["J"], "watt": ["W"], "kilowatt": ["kW"],
    "volt": ["V"], "ampere": ["amp", "amps"], "ohm": ["ohms"], "hertz": ["Hz"],
    "pascal": ["Pa"], "mole": ["mol"], "kelvin": [], "degree": ["deg"], "radian": ["rad", "rads"],
    "celsius": [], "fahrenheit": [], "byte": [], "bit": ["bits"], "dollar": ["USD"], "cent": [],
    "euro": ["EUR"], "rupee": [], "yuan": [], "penny": ["pennies", "pence"], "nickel": [],
    "dime": [],
    "unit": [], "time": [], "way": ["ways"], "point": [], "step": [], "page": [],
    "student": [], "person": ["people"], "child": ["children"], "man": ["men"], "woman": ["women"],
    "boy": ["boys"], "girl": [], "apple": [], "orange": [], "egg": ["eggs"], "book": [],
    "box": ["boxes"],
    "ball": [], "card": [], "coin": [], "marble": [], "candy": ["candies"], "cookie": [],
    "pencil": [],
    "pen": ["pens"], "ticket": [], "flower": [], "tree": [], "car": ["cars"], "game": [],
    "block": [],
    "tile": [], "piece": [], "slice": [], "bottle": [], "bag": ["bags"], "animal": [],
    "cow": ["cows"],
    "chicken": [], "dog": ["dogs"], "cat": ["cats"], "fish": [], "friend": [], "customer": [],
    "worker": [], "player": [], "team": [], "member": [], "triangle": [], "side": [], "edge": [],
    "vertex": ["vertices"], "face": [], "digit": [], "solution": [], "integer": [], "outcome": [],
  ]

  /// Words by their letters.
  private static let meanings: [String: Meaning] = {
    var meanings: [String: Meaning] = [
      "square": .square(2), "sq": .square(2), "cubic": .square(3), "cu": .square(3), "per": .per,
      "hundred": .factor(100), "thousand": .factor(1000), "million": .factor(1_000_000),
      "billion": .factor(1_000_000_000), "dozen": .factor(12),
    ]
    for (name, others) in names {
      for word in [name] + others {
        meanings[word] = .unit(name)
        if word.count >= 4 { meanings[word + "s"] = .unit(name) }
      }
    }
    return meanings
  }()

  private static let longest = meanings.keys.map(\.count).max() ?? 0

  /// Words that need no `\text`: PRM800K's, which verl and DeepScaleR took over, and others that can't
  /// be names. A bare `m` could be.
  static let bare: Set<String> = percent.union(
    meanings.keys.filter {
      $0.count >= 5
        || ["cm", "day", "days", "hour", "mile", "foot", "feet", "inch", "week", "year", "yard"]
          .contains($0)
    })

  /// Returns the longest word that a text begins with and whose rest is words again.
  ///
  /// A word of one or two letters must be the last, or be followed by *per*: otherwise any jumble of
  /// letters would be units.
  static func longestPrefix(of text: String) -> (length: Int, meaning: Meaning)? {
    for length in stride(from: min(longest, text.count), through: 1, by: -1) {
      guard let meaning = meanings[String(text.prefix(length))] else { continue }
      let rest = String(text.dropFirst(length))
      if rest.isEmpty { return (length, meaning) }
      guard length > 2 || rest.hasPrefix("per") || text.hasPrefix("sq") || text.hasPrefix("cu"),
        longestPrefix(of: rest) != nil
      else { continue }
      return (length, meaning)
    }
    return nil
  }
}
