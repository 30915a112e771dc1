/** Shapes of files by the hash of their text: ts-morph is only loaded for files that changed. */
import { codeId, readCache, writeCache } from './cache.ts'
import { type HandlerFile, shortHash } from './load.ts'
import { packageVersion } from './packages.ts'

export interface ShapeReader<Shape> {
  /** Of the cache. */
  name: string
  /** Modules that read: with any of them or ts-morph changed, nothing that was remembered counts. */
  modules: readonly string[]
  /** Loads what reads a file. */
  load(): Promise<(file: HandlerFile) => Shape>
}

/** The shapes of `files` by path; with `fresh`, whatever is remembered. */
export async function cachedShapes<Shape>(
  root: string,
  files: readonly HandlerFile[],
  { name, modules, load }: ShapeReader<Shape>,
  fresh: boolean,
): Promise<Map<string, Shape>> {
  const reader = codeId(modules, packageVersion('ts-morph'))
  const known = fresh ? {} : readCache<Shape>(root, name, reader)
  const next: Record<string, Shape> = {}
  const shapes = new Map<string, Shape>()
  let missed = false
  for (const file of files) {
    const key = `${file.path} ${shortHash(file.text)}`
    let shape = known[key]
    if (!shape) {
      shape = (await load())(file)
      missed = true
    }
    next[key] = shape
    shapes.set(file.path, shape)
  }
  if (missed) writeCache(root, name, reader, next)
  return shapes
}
