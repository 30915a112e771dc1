/** Size of what `wrangler deploy` would upload. */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { BUNDLE } from '../../cli/bundle.ts'

/** KiB. */
export function bundleSize(): { plain: number; gzip: number } {
  const code = readFileSync(BUNDLE)
  return { plain: code.byteLength / 1024, gzip: gzipSync(code).byteLength / 1024 }
}
