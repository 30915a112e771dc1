/** The collection file that `codegen new` starts. Pure. */
import { quote } from '../emit/quote.ts'
import { collectionPath, nsidToPath } from '../layout.ts'
import type { PlannedFile } from '../write.ts'

/** Index, check and hook, none of which does anything yet. @param places of the record, with their types */
export function collectionStub(nsid: string, places: ReadonlyMap<string, string>): PlannedFile {
  const time = places.has('createdAt') ? 'createdAt' : '@rkey'
  const code = `import { collection } from ${quote(`#lex/${nsidToPath(nsid)}`)}

export default collection({
  // Orders in which records of all accounts are read: services.index(${quote(nsid)}).byTime.page()
  index: { byTime: [${quote(time)}] },

  // Before a write: no I/O. What it throws, or refuses, is not written.
  beforeWrite() {},

  // After a write, at least once, in order for each account; again when it throws.
  afterWrite() {},
})
`
  return { path: collectionPath(nsid), code }
}
