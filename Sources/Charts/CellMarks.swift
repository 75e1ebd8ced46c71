/// Draws the cells of a heat map, each with its number in an ink that can be read on its colour.
struct CellMarks {
  let x: any Scale
  let y: any Scale
  let columns: [String]
  let rows: [String]

  func elements(_ cells: [[Double]], _ scale: ColorScale) -> [any Markup] {
    zip(rows, cells).enumerated().flatMap { row, named -> [any Markup] in
      zip(columns, named.1).enumerated().flatMap { column, cell -> [any Markup] in
        self.cell(
          cell.1, scale, row: row, column: column,
          title: "\(named.0), \(cell.0): \(NumberText.short(cell.1))")
      }
    }
  }

  private func cell(
    _ value: Double, _ scale: ColorScale, row: Int, column: Int, title: String
  ) -> [any Markup] {
    let (left, right) = (x(Double(column)), x(Double(column + 1)))
    let (top, bottom) = (y(Double(row)), y(Double(row + 1)))
    let name = scale.name(of: value)
    return [
      Element(
        "rect",
        [
          "class": "cell \(name)", "x": NumberText.place(left + 1),
          "width": NumberText.place(right - left - 2), "y": NumberText.place(top + 1),
          "height": NumberText.place(bottom - top - 2),
        ], [Element("title", [:], [title])]),
      Element(
        "text",
        [
          "class": "number on-\(name)", "x": NumberText.place((left + right) / 2),
          "y": NumberText.place((top + bottom) / 2 + 4.5), "text-anchor": "middle",
        ], [NumberText.brief(value)]),
    ]
  }
}
