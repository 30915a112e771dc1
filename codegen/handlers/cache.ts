/** Shapes of handler files, as they were read or are remembered. */
import { join } from 'node:path'
import type { HandlerFile } from '../load.ts'
import { cachedShapes, type ShapeReader } from '../shape-cache.ts'
import type { HandlerShape } from './shape.ts'

const READER: ShapeReader<HandlerShape> = {
  name: 'handlers',
  modules: ['read.ts', 'read-rule.ts', 'source.ts'].map((name) => join(import.meta.dirname, name)),
  async load() {
    const { readHandler } = await import('./read.ts')
    return ({ path, text }) => readHandler(path, text)
  },
}

/** The shapes of `files` by path; with `fresh`, whatever is remembered. */
export const handlerShapes = (
  root: string,
  files: readonly HandlerFile[],
  fresh = false,
): Promise<Map<string, HandlerShape>> => cachedShapes(root, files, READER, fresh)
