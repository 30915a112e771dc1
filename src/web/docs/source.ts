/** The lexicons of the tree with their prose, as the generator wrote them into `docs.txt`. */
import type { LexUserType } from '@atproto/lexicon'

/** Loads the text: a line of JSON for each lexicon, below a line that says what it is. */
export type Docs = () => Promise<{ default: string }>

/** A lexicon as its page shows it. */
export interface DocumentedLexicon {
  nsid: string
  defs: Readonly<Record<string, LexUserType>>
}

let sources: readonly Docs[] = []
let lexicons: Promise<ReadonlyMap<string, DocumentedLexicon>> | undefined

/** Says where the text is: the entry of the program does, and the set-up of tests. */
export function useDocs(docs: readonly Docs[]): void {
  sources = docs
  lexicons = undefined
}

/** All lexicons, sorted by NSID; parsed when they are first asked for, which takes some 10 ms. */
export function documentedLexicons(): Promise<ReadonlyMap<string, DocumentedLexicon>> {
  lexicons ??= read()
  return lexicons
}

async function read(): Promise<ReadonlyMap<string, DocumentedLexicon>> {
  const found: DocumentedLexicon[] = []
  for (const load of sources) {
    const { default: text } = await load()
    for (const line of text.split('\n').slice(1, -1)) {
      const end = line.indexOf(' ')
      found.push({ nsid: line.slice(0, end), defs: JSON.parse(line.slice(end + 1)) })
    }
  }
  // Of two by one name, the later one counts: a project's own.
  const byNsid = new Map(found.map((lexicon) => [lexicon.nsid, lexicon]))
  return new Map([...byNsid].sort(([a], [b]) => (a < b ? -1 : 1)))
}
