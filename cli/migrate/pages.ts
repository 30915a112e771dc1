/** Lists that a host gives in pages, read by somebody who does not trust it. */
import { parseCid } from '@atproto/lex-data'
import { MoveError } from './errors.ts'

/** In one answer. */
export const PAGE = 500
/** Of no account that anybody has: a host that gives more never ends. */
const MOST_PAGES = 20_000

interface Page {
  cursor?: unknown
}

/**
 * The pages of a list, until one is empty or the last.
 *
 * @param itemsOf what a page holds; anything but a list ends it
 * @throws MoveError when the list does not end
 */
export async function* pagesOf<P extends Page, T>(
  who: string,
  ask: (cursor: string | undefined) => Promise<P>,
  itemsOf: (page: P) => T[] | undefined,
): AsyncGenerator<T[]> {
  let cursor: string | undefined
  for (let count = 0; count < MOST_PAGES; count++) {
    const page = await ask(cursor)
    const items = itemsOf(page)
    if (!Array.isArray(items) || items.length === 0) return
    yield items
    if (typeof page.cursor !== 'string') return
    if (page.cursor === cursor) break
    cursor = page.cursor
  }
  throw new MoveError(`${who} gives a list that does not end`)
}

/** Whether text is a CID: only then does it become the name of a file. */
export function isCid(text: unknown): text is string {
  try {
    return typeof text === 'string' && parseCid(text).toString() === text
  } catch {
    return false
  }
}
