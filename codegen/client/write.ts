/** A client on disk: planned, compared with what is there, and written. */
import { join, relative, resolve } from 'node:path'
import type { Diagnostic } from '../diagnostics.ts'
import { UsageError } from '../errors.ts'
import { loadChecked } from '../generate.ts'
import { readText } from '../tree.ts'
import { type Change, compare, write } from '../write.ts'
import { clientFiles, planClient } from './build.ts'
import { type UnfitLibrary, unfitLibraries } from './libraries.ts'
import { lexiconsOf, ownNamespaces } from './namespaces.ts'

export interface WriteClientOptions {
  /** None: all that are not official. */
  namespaces: readonly string[]
  /** The folder, from the root of the project. */
  out: string
  /** How its files import each other: `.ts`, `.js`, or nothing. */
  extension: string
  /** Compare only; write nothing. */
  check?: boolean
}

export interface WrittenClient {
  namespaces: readonly string[]
  /** The folder. */
  folder: string
  changes: Change[]
  /** Of lexicons with errors, for which nothing is written. */
  diagnostics: Diagnostic[]
  /** Libraries that the front end lacks. */
  unfit: UnfitLibrary[]
}

/** @throws UsageError where there is nothing to write, or something in the way */
export async function writeClient(
  root: string,
  { namespaces: asked, out, extension, check = false }: WriteClientOptions,
): Promise<WrittenClient> {
  const folder = resolve(root, out)
  const { lexicons, diagnostics } = await loadChecked(root)
  if (!lexicons) return { namespaces: asked, folder, changes: [], diagnostics, unfit: [] }
  const namespaces = asked.length > 0 ? asked : ownNamespaces(root, lexicons)
  if (namespaces.length === 0) {
    throw new UsageError('all lexicons are official ones; say which: --namespace app.bsky')
  }
  const chosen = lexiconsOf(namespaces, lexicons)
  const planned = await planClient(lexicons, chosen, { namespaces, extension })
  const existing = new Map(
    clientFiles(folder).map((path) => [path, readText(join(folder, path)) ?? '']),
  )
  const { changes, foreign } = compare(planned, existing)
  const inTheWay = foreign.find(({ blocking }) => blocking)
  if (inTheWay) {
    const path = relative(root, join(folder, inTheWay.path))
    throw new UsageError(`${path} is no generated file: choose another folder with --out`)
  }
  if (!check) write(folder, '.', planned, changes)
  const streams = planned.some(({ path }) => path === 'subscription.ts')
  return { namespaces, folder, changes, diagnostics: [], unfit: unfitLibraries(folder, streams) }
}
