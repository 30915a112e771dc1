/**
 * Shapes of handler files by the hash of their text, kept between runs in `node_modules/.cache`: ts-morph
 * takes half a second to load, and is only loaded for files that changed.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type HandlerFile, shortHash } from '../load.ts'
import { readText } from '../tree.ts'
import type { HandlerShape } from './shape.ts'

const CACHE = 'node_modules/.cache/cumulus-codegen/handlers.json'

interface Cache {
  /** Hash of the code that reads handlers. */
  reader: string
  /** `<path> <hash of text>` → shape. */
  shapes: Record<string, HandlerShape>
}

/** The shapes of `files` by path. A cache that cannot be read or written costs time, nothing else. */
export async function handlerShapes(
  root: string,
  files: readonly HandlerFile[],
): Promise<Map<string, HandlerShape>> {
  const cache = readCache(root)
  const next: Cache = { reader: cache.reader, shapes: {} }
  const shapes = new Map<string, HandlerShape>()
  let missed = false
  for (const { path, text } of files) {
    const key = `${path} ${shortHash(text)}`
    let shape = cache.shapes[key]
    if (!shape) {
      const { readHandler } = await import('./read.ts')
      shape = readHandler(path, text)
      missed = true
    }
    next.shapes[key] = shape
    shapes.set(path, shape)
  }
  if (missed) writeCache(root, next)
  return shapes
}

function readCache(root: string): Cache {
  const reader = readerId()
  try {
    const cache: Cache = JSON.parse(readText(join(root, CACHE)) ?? '{}')
    if (cache.reader === reader) return cache
  } catch {
    // Half written by a run that was interrupted.
  }
  return { reader, shapes: {} }
}

function writeCache(root: string, cache: Cache): void {
  try {
    mkdirSync(dirname(join(root, CACHE)), { recursive: true })
    writeFileSync(join(root, CACHE), JSON.stringify(cache))
  } catch {
    // A read-only checkout.
  }
}

const readerId = (): string =>
  createHash('sha256')
    .update(readFileSync(join(import.meta.dirname, 'read.ts')))
    .digest('hex')
