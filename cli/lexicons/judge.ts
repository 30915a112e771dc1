/** Holds records against a lexicon as it stands in the working tree, by the very checks that a host has for writes. */
import { jsonToLex, type LexiconDoc } from '@atproto/lexicon'
import { isValidNsid } from '@atproto/syntax'
import { hasErrors } from '../../codegen/diagnostics.ts'
import { didYouMean } from '../../codegen/did-you-mean.ts'
import { loadCheckedLexicons } from '../../codegen/generate.ts'
import { printDiagnostics } from '../../codegen/report.ts'
import { RecordLexicons } from '../../src/kernel/record-lexicons.ts'
import { prepareRecord } from '../../src/services/records/prepare.ts'
import { CommandError, UsageError } from '../terminal/errors.ts'

/** Says why a record would be refused; undefined: it would not. `value` is JSON, as hosts answer it. */
export type Judge = (rkey: string, value: unknown) => string | undefined

/** What a record may say about itself in a reason is short. */
const LONGEST_REASON = 300

/** @throws UsageError for what is no collection of the tree; CommandError where its lexicons have errors */
export async function judgeOf(root: string, collection: string): Promise<Judge> {
  if (!isValidNsid(collection)) throw new UsageError(`"${collection}" is not an NSID`)
  const { lexicons, diagnostics } = await loadCheckedLexicons(root)
  if (!lexicons) {
    printDiagnostics(diagnostics.filter((one) => hasErrors([one])))
    throw new CommandError('no record was looked at: lexicons/ has errors')
  }
  const docs: LexiconDoc[] = lexicons.map(({ doc }) => structuredClone(doc))
  const tree = new RecordLexicons(docs)
  const def = tree.getDef(collection)
  if (def?.type !== 'record') {
    const collections = docs.flatMap(({ id, defs }) => (defs.main?.type === 'record' ? [id] : []))
    const hint = didYouMean(collection, collections)
    throw new UsageError(`lexicons/ has no collection "${collection}"${hint}`)
  }
  return (rkey, value) => {
    const record = lexValue(value)
    if (record === undefined) return 'it has no form as a value'
    try {
      const input = { collection, rkey, record: record as Record<string, unknown>, validate: true }
      prepareRecord(input, { lexicons: tree, def })
      return undefined
    } catch (error) {
      if (!(error instanceof Error) || error.name === 'TypeError') throw error
      return error.message.replace(/^Invalid record: /, '').slice(0, LONGEST_REASON)
    }
  }
}

/** With objects for links, bytes and blobs; undefined: there is no such value. */
function lexValue(json: unknown): unknown {
  try {
    return jsonToLex(json as never)
  } catch {
    return undefined
  }
}
