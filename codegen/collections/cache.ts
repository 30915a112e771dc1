/** Shapes of collection files, as they were read or are remembered. */
import { join } from 'node:path'
import type { HandlerFile } from '../load.ts'
import { cachedShapes, type ShapeReader } from '../shape-cache.ts'
import type { CollectionShape } from './shape.ts'

const READER: ShapeReader<CollectionShape> = {
  name: 'collections',
  modules: ['read.ts', '../handlers/source.ts'].map((name) => join(import.meta.dirname, name)),
  async load() {
    const { readCollection } = await import('./read.ts')
    return ({ path, text, nsid }) => readCollection(path, text, nsid)
  },
}

/** The shapes of `files` by path; with `fresh`, whatever is remembered. */
export const collectionShapes = (
  root: string,
  files: readonly HandlerFile[],
  fresh = false,
): Promise<Map<string, CollectionShape>> => cachedShapes(root, files, READER, fresh)
