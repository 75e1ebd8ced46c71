/// Lists the names that generated puzzles use: short, plain ASCII, none the beginning of another.
package enum FirstNames {
  /// The names in the order of use: a task that uses fewer takes the first ones.
  package static let all = [
    "Ann", "Bob", "Cid", "Dan", "Eve", "Fay", "Gus", "Hal", "Ivy", "Jim",
    "Kit", "Lou", "Max", "Ned", "Oda", "Pam", "Quin", "Ray", "Sue", "Tom",
    "Una", "Vic", "Wes", "Xia", "Yan", "Zed", "Amy", "Ben", "Cleo", "Dora",
    "Earl", "Finn", "Gina", "Hugo", "Iris", "Joan", "Kurt", "Lena", "Mona", "Nora",
  ]
}
