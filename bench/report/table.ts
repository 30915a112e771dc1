/** Aligned columns: the first to the left, the others to the right. */
export function table(head: string[], lines: string[][]): string {
  const all = [head, ...lines]
  const columns = Math.max(...all.map((line) => line.length))
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...all.map((line) => (line[at] ?? '').length)),
  )
  const format = (line: string[]) =>
    widths
      .map((width, at) => {
        const cell = line[at] ?? ''
        return at === 0 ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
      .trimEnd()
  return all.map((line) => `  ${format(line)}`).join('\n')
}
