/** Words, and beginnings of words, as FTS5 is asked for them; none of what it takes for more than words. */
export const toMatch = (text: string): string =>
  text
    .normalize()
    .slice(0, 500)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .slice(0, 16)
    .map((word) => `"${word}"*`)
    .join(' ')
