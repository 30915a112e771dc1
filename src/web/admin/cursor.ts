import type { ConsoleContext } from './page.ts'

/** The number before which a page begins; undefined: at the newest. */
export function cursorOf(c: ConsoleContext): number | undefined {
  const before = Number(c.req.query('before'))
  return Number.isSafeInteger(before) && before > 0 ? before : undefined
}
