/** `codegen new`: starts a handler, then generates, so that the route leads to it. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { placesOf } from '../collections/places.ts'
import { didYouMean } from '../did-you-mean.ts'
import { UsageError } from '../errors.ts'
import { type GenerateResult, generate, loadChecked } from '../generate.ts'
import { lexiconPath } from '../layout.ts'
import type { PlannedFile } from '../write.ts'
import { collectionStub } from './collection-stub.ts'
import { stubFiles } from './stub.ts'

export interface NewHandlerResult {
  /** The files that were created; empty while the lexicons have errors. */
  created: string[]
  generated: GenerateResult
}

/** Creates the handler of `nsid` and a test, or the file of a collection. @throws UsageError for an NSID that is unknown or taken */
export async function newHandler(root: string, nsid: string): Promise<NewHandlerResult> {
  const { lexicons, methods, diagnostics } = await loadChecked(root)
  if (!lexicons) {
    return {
      created: [],
      generated: { diagnostics, changes: [], lexicons: 0, methods, kept: true },
    }
  }
  const method = methods.find((candidate) => candidate.nsid === nsid)
  if (!method) {
    const type = lexicons.find((lexicon) => lexicon.nsid === nsid)?.doc.defs.main?.type
    if (type === 'record') {
      return create(root, [collectionStub(nsid, placesOf(lexicons, nsid))])
    }
    if (type) throw new UsageError(`${nsid} is of type ${type}, which has no handler`)
    const hint = didYouMean(
      nsid,
      methods.map((candidate) => candidate.nsid),
    )
    throw new UsageError(
      `no method is called "${nsid}"${hint || `; it would be ${lexiconPath(nsid)}`}`,
    )
  }
  return create(root, stubFiles(method))
}

/** @throws UsageError when one of the files exists */
async function create(root: string, files: readonly PlannedFile[]): Promise<NewHandlerResult> {
  for (const { path } of files) {
    if (existsSync(join(root, path))) throw new UsageError(`${path} exists already`)
  }
  for (const { path, code } of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), code, { flag: 'wx' })
  }
  return { created: files.map(({ path }) => path), generated: await generate(root) }
}
