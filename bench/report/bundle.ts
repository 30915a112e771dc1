/** The size of what is deployed: of the modules that are loaded at the start, and of all. */
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** KiB, compressed as one, as wrangler reports it; without texts, which are read when somebody asks for them. */
export interface BundleSize {
  /** The entry, and what it imports when it starts. */
  core: number
  /** That, and what is imported later. */
  all: number
}

/** `from './a.js'` and `import './a.js'`; and `import('./a.js')`, which is later, in any quotes. */
const IMPORT = /(?:\bfrom|\bimport)\s*(\()?\s*(["'`])\.\/([\w./-]+)\2/g

/** @param entry path of the module that workerd starts with; the others are beside it */
export function bundleSize(entry: string): BundleSize {
  const core = new Set<string>()
  const all = new Set<string>()
  const folder = dirname(entry)
  const visit = (name: string, isLater: boolean) => {
    const seen = isLater ? all : core
    if (seen.has(name) || !existsSync(join(folder, name))) return
    if (name.endsWith('.wasm')) all.add(name)
    if (!/\.m?js$/.test(name)) return
    all.add(name)
    if (!isLater) core.add(name)
    for (const [, paren, , target = ''] of readFileSync(join(folder, name), 'utf8').matchAll(
      IMPORT,
    )) {
      visit(join(dirname(name), target), isLater || paren !== undefined)
    }
  }
  visit(basename(entry), false)
  const kib = (names: Set<string>) => {
    const code = Buffer.concat([...names].map((name) => readFileSync(join(folder, name))))
    return gzipSync(code).byteLength / 1024
  }
  return { core: kib(core), all: kib(all) }
}
