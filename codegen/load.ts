/** First stage: reads everything that decides about the output. Parses JSON, judges nothing. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { LexiconDoc } from '@atproto/lexicon'
import type { RouteRule } from '../src/routing/policy.ts'
import { isTooDeep } from '../src/services/lexicons/depth.ts'
import { type AppFiles, readApp } from './app/read.ts'
import { baseFolder, PACKAGE } from './base.ts'
import { COLLECTIONS, GENERATED, HANDLERS, JOBS, LEXICONS, POLICY, pathToNsid } from './layout.ts'
import { isLinkElsewhere, listFiles, readText } from './tree.ts'

/** A file below `lexicons/`. */
export interface LexiconFile {
  /** Relative to the root. */
  path: string
  /** The NSID that the path stands for. */
  nsid: string
  text: string
  /** A symbolic link that leads out of `lexicons/`, or to what is no file: it was not read. */
  isElsewhere?: boolean
  /** It is the package's that the project builds on, which has checked it, and generated what belongs to it. */
  isBase?: boolean
  /** The parsed JSON; undefined when the text is not JSON, or nested deeper than any lexicon. */
  json: unknown
}

/** A lexicon that has passed the checks. */
export interface Lexicon extends LexiconFile {
  doc: LexiconDoc
}

/** A file below `src/handlers/` or `src/collections/` that is not a test. */
export interface HandlerFile {
  path: string
  nsid: string
  text: string
}

/** What the package brings that a project builds on. */
export interface Base {
  /** With paths for people: `node_modules/cumulus/lexicons/…`. */
  lexicons: LexiconFile[]
  /** NSIDs of the methods with a handler. */
  handled: ReadonlySet<string>
}

/** Everything that a run depends on. */
export interface Project {
  root: string
  lexicons: LexiconFile[]
  handlers: HandlerFile[]
  collections: HandlerFile[]
  /** Tables of its own. */
  app: AppFiles
  jobs: HandlerFile[]
  /** What it builds on, if it does. */
  base?: Base
  rules: readonly RouteRule[]
  /** `src/generated/` as it is: path relative to the root → text. */
  generated: Map<string, string>
}

/** Reads a project. */
export async function load(root: string): Promise<Project> {
  const folder = baseFolder(root)
  return {
    root,
    lexicons: loadLexicons(root),
    handlers: loadFiles(root, HANDLERS),
    collections: loadFiles(root, COLLECTIONS),
    app: readApp(root),
    jobs: loadFiles(root, JOBS),
    base: folder === undefined ? undefined : loadBase(folder),
    // The runtime has the rules of the package: a project says otherwise by PDS_PROXY_ROUTES.
    rules: await loadRules(folder === undefined ? root : undefined),
    generated: new Map(
      listFiles(root, GENERATED).map((path) => [path, readText(join(root, path)) ?? '']),
    ),
  }
}

function loadBase(folder: string): Base {
  const lexicons = loadLexicons(folder).map((file) => ({
    ...file,
    path: `node_modules/${PACKAGE}/${file.path}`,
    isBase: true,
  }))
  return { lexicons, handled: new Set(loadFiles(folder, HANDLERS).map(({ nsid }) => nsid)) }
}

export function loadLexicons(root: string): LexiconFile[] {
  return listFiles(root, LEXICONS)
    .filter((path) => path.endsWith('.json') && !path.includes('/.'))
    .map((path) => {
      if (isLinkElsewhere(root, LEXICONS, path)) {
        return { ...lexiconFile(path, ''), isElsewhere: true }
      }
      return lexiconFile(path, readText(join(root, path)) ?? '')
    })
}

/** A lexicon file from its text; `path` is relative to the root. */
export function lexiconFile(path: string, text: string): LexiconFile {
  return { path, nsid: pathToNsid(path.slice(LEXICONS.length + 1)), text, json: parseJson(text) }
}

function loadFiles(root: string, folder: string): HandlerFile[] {
  return listFiles(root, folder)
    .filter((path) => /\.[cm]?[jt]sx?$/.test(path) && !/\.(test|d)\.[cm]?tsx?$/.test(path))
    .map((path) => ({
      path,
      nsid: pathToNsid(path.slice(folder.length + 1)),
      text: readText(join(root, path)) ?? '',
    }))
}

/** The routing table. Read anew when the file has changed, for the sake of `--watch`. */
async function loadRules(root: string | undefined): Promise<readonly RouteRule[]> {
  const text = root === undefined ? undefined : readText(join(root, POLICY))
  if (root === undefined || text === undefined)
    return (await import('../src/routing/policy.ts')).rules
  const url = `${pathToFileURL(join(root, POLICY))}?${shortHash(text)}`
  const policy: { rules: readonly RouteRule[] } = await import(url)
  return policy.rules
}

/** 64 bits of SHA-256 in hex: enough to notice a change. */
export const shortHash = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16)

function parseJson(text: string): unknown {
  try {
    const json: unknown = JSON.parse(text)
    return isTooDeep(json) ? undefined : json
  } catch {
    return undefined
  }
}
