/** `codegen rename`: a lexicon or a namespace gets another name, wherever it is used in the project. */
import { checkLexicons } from '../check/check.ts'
import { type Diagnostic, hasErrors } from '../diagnostics.ts'
import { UsageError } from '../errors.ts'
import { type GenerateResult, generate, loadChecked } from '../generate.ts'
import { COLLECTIONS, HANDLERS, LEXICONS, nsidToPath } from '../layout.ts'
import { lexiconFile, type Project } from '../load.ts'
import { isOwn } from '../own.ts'
import { breaksOf } from './breaks.ts'
import { carryOut, type FileChange, takeBack } from './carry-out.ts'
import { filesOf, isClean, textOf } from './files.ts'
import { type Plan, type Renames, renamesFor } from './names.ts'
import { Replacer } from './texts.ts'

export interface RenameOptions {
  /** Also where records have the old names in them. */
  force?: boolean
  dryRun?: boolean
}

/** One file that changes. */
export interface RenamedFile {
  path: string
  /** Where it goes, if it moves. */
  to?: string
  /** Places in it that change. */
  count: number
}

export interface RenameResult {
  renames: Renames
  files: RenamedFile[]
  /** What it takes from records that were written. */
  breaks: string[]
  /** Of the lexicons as they would be, where they have errors: then nothing was done. */
  diagnostics: Diagnostic[]
  /** Undefined where nothing was done. */
  generated?: GenerateResult
  /** An earlier run was killed, and has been taken back. */
  tookBack: boolean
}

/** Folders in which a file's path is its NSID. */
const BY_NSID = [LEXICONS, HANDLERS, COLLECTIONS]

/**
 * Renames. Nothing is written unless all of it can be; what is interrupted is taken back by the next run.
 *
 * @throws UsageError where git has changes, the name is unknown or taken, or the lexicon is somebody else's
 */
export async function rename(
  root: string,
  from: string,
  to: string,
  { force = false, dryRun = false }: RenameOptions = {},
): Promise<RenameResult> {
  const tookBack = takeBack(root)
  if (!dryRun && !isClean(root)) {
    throw new UsageError('there are changes that are not committed: commit them, or put them aside')
  }
  const { project, lexicons, diagnostics } = await loadChecked(root)
  const none = { renames: new Map(), files: [], breaks: [], tookBack }
  if (!lexicons) return { ...none, diagnostics: diagnostics.filter((one) => hasErrors([one])) }

  const nsids = project.lexicons.map(({ nsid }) => nsid)
  const wanted = renamesFor(from, to, nsids)
  const { renames } = wanted
  const own = isOwn(root)
  const foreign = [...renames.keys()].find((nsid) => !own(nsid))
  if (foreign !== undefined) {
    throw new UsageError(`${foreign} came from elsewhere, and is called what its author calls it`)
  }
  const changes = plan(root, wanted)
  const files = changes.map(({ path, to, count }) => ({ path, ...(to !== path && { to }), count }))
  const breaks = breaksOf(renames, lexicons)
  const result = {
    renames,
    files,
    breaks,
    tookBack,
    diagnostics: await afterwards(project, changes),
  }
  if (dryRun || hasErrors(result.diagnostics) || (breaks.length > 0 && !force)) return result
  carryOut(root, changes)
  return { ...result, generated: await generate(root) }
}

interface PlannedChange extends FileChange {
  count: number
}

function plan(root: string, wanted: Plan): PlannedChange[] {
  const files = filesOf(root)
  const moved = new Map(
    files.flatMap((path) => {
      const now = newPath(path, wanted.renames)
      return now === undefined ? [] : [[path, now] as const]
    }),
  )
  for (const [path, now] of moved) {
    if (files.includes(now) && !moved.has(now)) {
      throw new UsageError(`${path} would become ${now}, which is there already`)
    }
  }
  const replacer = new Replacer(wanted, { files: new Set(files), moved })
  return files.flatMap((path) => {
    const text = textOf(root, path)
    const to = moved.get(path) ?? path
    if (text === undefined) {
      if (to === path) return []
      throw new UsageError(`${path} would have to move, and is no text`)
    }
    const replaced = replacer.replace(path, text)
    return replaced.count === 0 && to === path ? [] : [{ path, to, ...replaced }]
  })
}

/** Where a file goes whose path is an NSID, with whatever stands beside it, such as its test. */
function newPath(path: string, renames: Renames): string | undefined {
  const folder = BY_NSID.find((one) => path.startsWith(`${one}/`))
  if (folder === undefined) return undefined
  const inside = path.slice(folder.length + 1)
  const [name = ''] = (/^[^.]*/ as RegExp).exec(inside) ?? []
  for (const [old, now] of renames) {
    if (nsidToPath(old) === name) return `${folder}/${nsidToPath(now)}${inside.slice(name.length)}`
  }
  return undefined
}

/** What the checks say of the lexicons as they would be. */
async function afterwards(
  project: Project,
  changes: readonly PlannedChange[],
): Promise<Diagnostic[]> {
  const byPath = new Map(changes.map((change) => [change.path, change]))
  const files = project.lexicons.map((file) => {
    const change = byPath.get(file.path)
    return change ? lexiconFile(change.to, change.text) : file
  })
  const own = new Set(files.map(({ nsid }) => nsid))
  const base = new Set(project.base?.lexicons.filter(({ nsid }) => !own.has(nsid)))
  const { diagnostics } = await checkLexicons([...files, ...base], (file) => base.has(file))
  return diagnostics.filter((one) => hasErrors([one]))
}
