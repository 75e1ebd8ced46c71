/// Lists commands and characters that mean the same, and those that mean nothing.
enum MathNotation {
  /// Commands for sizes, styles and the ends of formulas; and a backslash that ends the text. Those
  /// with an argument leave it as it is.
  static let silent: Set<String> = [
    "left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr",
    "Biggl", "Biggr", "middle", "displaystyle", "textstyle", "scriptstyle", "limits", "nolimits",
    "tiny", "small", "normalsize", "large", "Large", "LARGE", "huge", "Huge", "bf", "rm", "it",
    "bm", "boldsymbol", "ensuremath", "boxed", "fbox", "framebox", "strut", "/", "",
  ]

  /// Commands whose argument says how something looks: it is left out.
  static let hiddenArgument: Set<String> = ["textcolor", "color", "hspace", "vspace", "mspace"]

  static let spaces: Set<String> = [" ", ";", ":", ">", "quad", "qquad", "enspace", "\n", "\t"]

  /// Commands whose braces hold words or another typeface.
  static let text: Set<String> = [
    "text", "textbf", "textit", "textrm", "textsf", "texttt", "textup", "textnormal", "mbox",
    "hbox",
    "mathrm", "mathbf", "mathit", "mathsf", "mathtt", "operatorname",
  ]

  static let sameCommand: [String: MathToken] = [
    "dfrac": .command("frac"), "tfrac": .command("frac"), "cfrac": .command("frac"),
    "leq": .command("le"), "leqslant": .command("le"), "leqq": .command("le"),
    "geq": .command("ge"), "geqslant": .command("ge"), "geqq": .command("ge"),
    "neq": .command("ne"), "lt": .character("<"), "gt": .character(">"),
    "lbrace": .command("{"), "rbrace": .command("}"), "lbrack": .character("["),
    "rbrack": .character("]"), "varnothing": .command("emptyset"), "ast": .command("cdot"),
    "ldots": .dots, "cdots": .dots, "dotsc": .dots, "dots": .dots,
    "colon": .character(":"), "vert": .character("|"), "lvert": .character("|"),
    "rvert": .character("|"), "%": .character("%"),
    "$": .character("$"), "euro": .character("€"), "pounds": .character("£"),
  ]

  static let sameCharacter: [Unicode.Scalar: MathToken] = [
    "\u{2212}": .character("-"), "\u{2013}": .character("-"), "×": .command("times"),
    "·": .command("cdot"), "*": .command("cdot"), "π": .command("pi"), "∞": .command("infty"),
    "√": .command("sqrt"), "≤": .command("le"), "⩽": .command("le"), "≥": .command("ge"),
    "⩾": .command("ge"), "≠": .command("ne"), "∪": .command("cup"), "∩": .command("cap"),
    "±": .command("pm"), "∓": .command("mp"), "∅": .command("emptyset"), "≈": .command("approx"),
    "°": .command("degree"), "∈": .command("in"), "…": .dots, "⋯": .dots, ";": .semicolon,
  ]

  /// Relations, and each as it is when its sides change places.
  static let relations: [MathToken: MathToken] = [
    .character("="): .character("="), .command("ne"): .command("ne"),
    .character("<"): .character(">"), .character(">"): .character("<"),
    .command("le"): .command("ge"), .command("ge"): .command("le"),
  ]

  /// Tells whether a token between sets is another operation than a union.
  static func isSetOperator(_ token: MathToken) -> Bool {
    let names = ["cap", "setminus", "smallsetminus", "backslash", "triangle", "times"]
    return token == .character("-") || names.contains { token == .command($0) }
  }

  static let functions: Set<String> = [
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh",
    "ln", "log", "exp",
  ]

  static func isFunction(_ token: MathToken) -> Bool {
    if case .command(let name) = token { functions.contains(name) } else { false }
  }

  static let greek: Set<String> = [
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta",
    "iota", "kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi",
    "varphi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma",
    "Phi",
    "Psi", "Omega",
  ]

  /// Words that are the same in capitals and small letters.
  static let words: Set<String> = [
    "yes", "no", "true", "false", "even", "odd", "positive", "negative", "zero", "none", "infinite",
    "infinity", "undefined", "increasing", "decreasing", "neither", "both", "always", "never",
    "sometimes", "rational", "irrational", "nosolution", "nosolutions", "norealsolutions",
    "doesnotexist", "convergent", "divergent", "converges", "diverges", "monday", "tuesday",
    "wednesday", "thursday", "friday", "saturday", "sunday",
  ]
}
