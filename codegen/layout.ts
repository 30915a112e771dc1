/** Where things are: the folders of a project, and how an NSID becomes a path. */
import { extname, join } from 'node:path'

/** Folders relative to the project's root, as they appear in messages and banners. */
export const LEXICONS = 'lexicons'
export const HANDLERS = 'src/handlers'
export const COLLECTIONS = 'src/collections'
export const JOBS = 'src/jobs'
export const APP = 'src/app'
export const GENERATED = 'src/generated'
export const POLICY = 'src/routing/policy.ts'

/** A file of this program by its name in this repository: in the package, where it is built, it ends in .js. */
export const builtPath = (path: string): string =>
  path.replace(/\.ts$/, extname(import.meta.filename))

/** The root of this package, which in its own repository is a project, too. */
export const packageRoot = join(import.meta.dirname, '..')

/** `app.bsky.feed.like` → `app/bsky/feed/like` */
export const nsidToPath = (nsid: string): string => nsid.replaceAll('.', '/')

/** `app/bsky/feed/like.json` → `app.bsky.feed.like` */
export const pathToNsid = (path: string): string =>
  path.replace(/\.[^./]+$/, '').replaceAll('/', '.')

/** The file that defines a lexicon, relative to the root. */
export const lexiconPath = (nsid: string): string => `${LEXICONS}/${nsidToPath(nsid)}.json`

/** The file that implements a method, relative to the root. */
export const handlerPath = (nsid: string): string => `${HANDLERS}/${nsidToPath(nsid)}.ts`

/** The file that says more of a collection than its lexicon, relative to the root. */
export const collectionPath = (nsid: string): string => `${COLLECTIONS}/${nsidToPath(nsid)}.ts`
