/** Shapes of handler files by the hash of their text: ts-morph is only loaded for files that changed. */
import { join } from 'node:path'
import { codeId, readCache, writeCache } from '../cache.ts'
import { type HandlerFile, shortHash } from '../load.ts'
import type { HandlerShape } from './shape.ts'

const NAME = 'handlers'

/** The shapes of `files` by path; with `fresh`, whatever is remembered. */
export async function handlerShapes(
  root: string,
  files: readonly HandlerFile[],
  fresh = false,
): Promise<Map<string, HandlerShape>> {
  const reader = codeId(['read.ts', 'read-rule.ts'].map((name) => join(import.meta.dirname, name)))
  const known = fresh ? {} : readCache<HandlerShape>(root, NAME, reader)
  const next: Record<string, HandlerShape> = {}
  const shapes = new Map<string, HandlerShape>()
  let missed = false
  for (const { path, text } of files) {
    const key = `${path} ${shortHash(text)}`
    let shape = known[key]
    if (!shape) {
      const { readHandler } = await import('./read.ts')
      shape = readHandler(path, text)
      missed = true
    }
    next[key] = shape
    shapes.set(path, shape)
  }
  if (missed) writeCache(root, NAME, reader, next)
  return shapes
}
