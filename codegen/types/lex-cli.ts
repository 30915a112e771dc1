/**
 * Runs `@atproto/lex-cli`'s server generator. Not through its binary: that makes one file of all lexicons
 * given, in time that grows with the square of their number, only for us to throw it away. Its generator
 * called with few lexicons at a time, on as many threads as there are processors, takes half as long.
 */
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { LexiconDoc } from '@atproto/lexicon'
import { nsidToPath } from '../layout.ts'
import { packageEntry } from '../packages.ts'
import { prepareForLexCli } from './prepare.ts'

/** Lexicons for one call of the generator; fewer cost more of its fixed work. */
const PER_CALL = 12

/** From this many lexicons on, starting threads pays. */
const THREADS_FROM = 12

/** Type files by NSID, and the one file of helpers that they share. */
export interface LexCliOutput {
  types: Map<string, string>
  util: string
}

/** lex-cli failed on lexicons that had passed our own checks. */
export class LexCliError extends Error {
  override name = 'LexCliError'
}

/** Generates the types of `docs`, which may be a part of a tree. @throws LexCliError */
export async function runLexCli(docs: readonly LexiconDoc[]): Promise<LexCliOutput> {
  if (docs.length < THREADS_FROM) return generateTypes(docs)
  const outputs = await Promise.all(split(docs, availableParallelism()).map(inThread))
  return {
    types: new Map(outputs.flatMap(({ types }) => [...types])),
    util: outputs[0]?.util ?? '',
  }
}

/** The same in this thread. @throws LexCliError */
export async function generateTypes(docs: readonly LexiconDoc[]): Promise<LexCliOutput> {
  const genServerApi = await loadGenerator()
  const output: LexCliOutput = { types: new Map(), util: '' }
  for (let start = 0; start < docs.length; start += PER_CALL) {
    const batch = new TypesOnly(...docs.slice(start, start + PER_CALL).map(prepareForLexCli))
    const { files } = await genServerApi(batch).catch((error: unknown) => {
      throw new LexCliError(`lex-cli failed: ${error instanceof Error ? error.message : error}`)
    })
    const codes = new Map(files.map(({ path, content }) => [path, content]))
    output.util = codes.get('/util.ts') ?? ''
    for (const { id } of batch) {
      const code = codes.get(`/types/${nsidToPath(id)}.ts`)
      if (code === undefined) throw new LexCliError(`lex-cli made no types for ${id}`)
      output.types.set(id, code)
    }
  }
  return output
}

/**
 * Lexicons of which no index of classes is made: it would name them after the parts of NSIDs, of which some are no
 * identifiers, and nobody needs it. The generator goes through the lexicons for it when it does so the second time.
 */
class TypesOnly extends Array<LexiconDoc> {
  #iterations = 0

  static override get [Symbol.species]() {
    return Array
  }

  override [Symbol.iterator]() {
    return ++this.#iterations === 2 ? [].values() : super[Symbol.iterator]()
  }
}

type Generator = (docs: LexiconDoc[]) => Promise<{ files: { path: string; content: string }[] }>

/** By path, since the package exports its command line only; its version is pinned. */
async function loadGenerator(): Promise<Generator> {
  const module = join(dirname(packageEntry('@atproto/lex-cli')), 'codegen/server.js')
  const { genServerApi } = await import(pathToFileURL(module).href)
  if (typeof genServerApi !== 'function') {
    throw new LexCliError('this version of @atproto/lex-cli has no genServerApi')
  }
  return genServerApi
}

function inThread(docs: LexiconDoc[]): Promise<LexCliOutput> {
  const { promise, resolve, reject } = Promise.withResolvers<LexCliOutput>()
  const worker = new Worker(new URL('./lex-cli-thread.ts', import.meta.url), { workerData: docs })
  worker.once('message', resolve)
  worker.once('error', (error: Error) => reject(new LexCliError(error.message, { cause: error })))
  return promise
}

/** Parts that take about equally long. The generator's time grows with the square of a lexicon's size. */
function split(docs: readonly LexiconDoc[], count: number): LexiconDoc[][] {
  const parts = Array.from({ length: count }, () => ({ cost: 0, docs: [] as LexiconDoc[] }))
  const costs = docs.map((doc) => ({ doc, cost: 2_000 ** 2 + JSON.stringify(doc).length ** 2 }))
  for (const { doc, cost } of costs.sort((a, b) => b.cost - a.cost)) {
    const least = parts.reduce((a, b) => (b.cost < a.cost ? b : a))
    least.docs.push(doc)
    least.cost += cost
  }
  return parts.map((part) => part.docs).filter((part) => part.length > 0)
}
