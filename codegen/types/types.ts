/** The type files: taken from disk where lexicon and output are as the manifest says, else made by lex-cli. */
import type { LexiconDoc } from '@atproto/lexicon'
import { GENERATED, nsidToPath } from '../layout.ts'
import { type LexiconFile, shortHash } from '../load.ts'
import type { PlannedFile } from '../write.ts'
import { annotateTypes, annotateUtil } from './annotate.ts'
import { runLexCli } from './lex-cli.ts'
import { generatorId, MANIFEST, type Manifest, parseManifest, printManifest } from './manifest.ts'

/** A lexicon that has passed the checks. */
export interface Lexicon extends LexiconFile {
  doc: LexiconDoc
}

export const typesPath = (nsid: string): string => `${GENERATED}/types/${nsidToPath(nsid)}.ts`
const UTIL = `${GENERATED}/util.ts`

/** What the manifest on disk vouches for. */
export interface KnownTypes {
  manifest: Manifest
  generated: ReadonlyMap<string, string>
}

/** Reads the manifest among the generated files; `fresh` forgets it, so that everything is made again. */
export function knownTypes(generated: ReadonlyMap<string, string>, fresh = false): KnownTypes {
  const text = fresh ? undefined : generated.get(MANIFEST)
  return { manifest: parseManifest(text, generatorId()), generated }
}

/** Whether this very lexicon went through generator and checks before. */
export const wasGenerated = ({ manifest }: KnownTypes, file: LexiconFile): boolean =>
  Object.hasOwn(manifest.types, file.nsid) &&
  (manifest.types[file.nsid]?.startsWith(`${file.hash} `) ?? false)

/** The files `types/**`, `util.ts` and `manifest.json` for these lexicons. @throws LexCliError */
export async function makeTypes(
  lexicons: readonly Lexicon[],
  known: KnownTypes,
): Promise<PlannedFile[]> {
  const files: PlannedFile[] = []
  const stale: Lexicon[] = []
  for (const lexicon of lexicons) {
    const path = typesPath(lexicon.nsid)
    const code = known.generated.get(path)
    const valid = code !== undefined && `${lexicon.hash} ${shortHash(code)}`
    if (valid && known.manifest.types[lexicon.nsid] === valid) files.push({ path, code })
    else stale.push(lexicon)
  }

  let util = known.generated.get(UTIL)
  const utilIsStale = util === undefined || known.manifest.util !== shortHash(util)
  const [first] = lexicons
  const wanted = stale.length > 0 || !utilIsStale || !first ? stale : [first]
  if (wanted.length > 0) {
    const made = await runLexCli(wanted.map(({ doc }) => doc))
    util = annotateUtil(made.util)
    for (const { nsid, doc } of stale) {
      files.push({ path: typesPath(nsid), code: annotateTypes(made.types.get(nsid) ?? '', doc) })
    }
  }

  const codes = new Map(files.map(({ path, code }) => [path, code]))
  const types = lexicons.map(({ nsid, hash }) => [
    nsid,
    `${hash} ${shortHash(codes.get(typesPath(nsid)) ?? '')}`,
  ])
  const manifest: Manifest = {
    generator: known.manifest.generator,
    util: shortHash(util ?? ''),
    types: Object.fromEntries(types),
  }
  return [
    ...files,
    { path: UTIL, code: util ?? '' },
    { path: MANIFEST, code: printManifest(manifest) },
  ]
}
