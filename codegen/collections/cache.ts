/** Shapes of collection files by the hash of their text: ts-morph is only loaded for files that changed. */
import { extname, join } from 'node:path'
import { codeId, readCache, writeCache } from '../cache.ts'
import { type HandlerFile, shortHash } from '../load.ts'
import type { CollectionShape } from './shape.ts'

const NAME = 'collections'

/** The shapes of `files` by path; with `fresh`, whatever is remembered. */
export async function collectionShapes(
  root: string,
  files: readonly HandlerFile[],
  fresh = false,
): Promise<Map<string, CollectionShape>> {
  const reader = codeId([join(import.meta.dirname, `read${extname(import.meta.filename)}`)])
  const known = fresh ? {} : readCache<CollectionShape>(root, NAME, reader)
  const next: Record<string, CollectionShape> = {}
  const shapes = new Map<string, CollectionShape>()
  let missed = false
  for (const { path, nsid, text } of files) {
    const key = `${path} ${shortHash(text)}`
    let shape = known[key]
    if (!shape) {
      const { readCollection } = await import('./read.ts')
      shape = readCollection(path, text, nsid)
      missed = true
    }
    next[key] = shape
    shapes.set(path, shape)
  }
  if (missed) writeCache(root, NAME, reader, next)
  return shapes
}
