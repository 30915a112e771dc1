/** Text from a lexicon as a TypeScript doc comment. */
import { commentText } from './quote.ts'

const WIDTH = 100

/** A doc comment of paragraphs, wrapped; a comment end inside the text is defused. */
export function docComment(paragraphs: readonly string[]): string {
  const text = paragraphs.map((paragraph) => commentText(paragraph).trim())
  const [only] = text
  if (text.length === 1 && only !== undefined && only.length <= WIDTH - 7 && !only.includes('\n')) {
    return `/** ${only} */\n`
  }
  const lines = text.flatMap((paragraph, index) => [...(index ? [''] : []), ...wrap(paragraph)])
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\n`
}

function wrap(text: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line && line.length + 1 + word.length > WIDTH - 3) {
      lines.push(line)
      line = word
    } else {
      line = line ? `${line} ${word}` : word
    }
  }
  return [...lines, line]
}
