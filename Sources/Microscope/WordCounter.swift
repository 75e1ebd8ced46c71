/// Counts each category's words in texts.
///
/// A text is read from its beginning. Where several phrases of a category begin at a word, the one
/// with the most words counts, once, and the category goes on after it: a word counts once a category.
/// Categories don't see each other: a word may count for two.
package struct WordCounter: Sendable {
  private struct Category {
    /// Phrases by their first word, which is a whole one.
    var byWord: [String: [[WordLists.Pattern]]] = [:]
    /// Phrases whose first word may have any ending.
    var others: [[WordLists.Pattern]] = []

    init(_ category: WordLists.Category) {
      for phrase in category.phrases {
        if phrase[0].isBeginning {
          others.append(phrase)
        } else {
          byWord[phrase[0].text, default: []].append(phrase)
        }
      }
    }

    /// Returns the number of words of the longest phrase that begins at a word; 0: none does.
    func length(at place: Int, in words: [WordStream.Word]) -> Int {
      var longest = 0
      func check(_ phrase: [WordLists.Pattern]) {
        guard phrase.count > longest, phrase.count <= words.count - place else { return }
        for (offset, pattern) in phrase.enumerated() {
          let word = words[place + offset]
          guard offset == 0 || word.continues, pattern.matches(word.text) else { return }
        }
        longest = phrase.count
      }
      byWord[words[place].text]?.forEach(check)
      others.forEach(check)
      return longest
    }
  }

  private let categories: [Category]

  package init(_ lists: WordLists) { categories = lists.categories.map { Category($0) } }

  /// - Returns: the number of the text's words, and for each category how often the text says one of
  ///   its words or phrases.
  package func count(_ text: String) -> (words: Int, found: [Int]) {
    let words = Array(WordStream(text))
    let found = categories.map { category in
      var (count, place) = (0, 0)
      while place < words.count {
        let length = category.length(at: place, in: words)
        if length > 0 { count += 1 }
        place += max(1, length)
      }
      return count
    }
    return (words.count, found)
  }
}
