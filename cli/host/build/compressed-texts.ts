/**
 * Modules of text that are large and seldom asked for: compressed, they are modules of bytes with one of JavaScript that
 * unpacks them. workerd makes a string of each text at the start, which took 4 MB of memory. `wrangler deploy` by itself
 * uploads them as they are.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import type { Plugin } from 'esbuild'

/** Bytes from which it is worth it. */
const LARGE = 16 * 1024

const NAMESPACE = 'compressed-text'

/** @param files takes what is to lie beside the bundle, by name */
export const compressedTexts = (files: Map<string, Uint8Array>): Plugin => ({
  name: 'compressed texts',
  setup(build) {
    build.onResolve({ filter: /^\..*\.txt$/ }, ({ path, resolveDir }) => {
      const file = join(resolveDir, path)
      return readFileSync(file).byteLength < LARGE
        ? undefined
        : { path: file, namespace: NAMESPACE }
    })
    build.onResolve({ filter: /\.bin$/, namespace: NAMESPACE }, ({ path }) => ({
      path,
      external: true,
    }))
    build.onLoad({ filter: /./, namespace: NAMESPACE }, ({ path }) => {
      const text = readFileSync(path)
      const name = `${createHash('sha1').update(text).digest('hex')}-${basename(path, '.txt')}.bin`
      files.set(name, compress(text))
      return {
        contents: `import { brotliDecompressSync } from 'node:zlib'
import compressed from './${name}'
export default brotliDecompressSync(new Uint8Array(compressed)).toString()`,
        loader: 'js',
      }
    })
  },
})

const compress = (text: Buffer): Buffer =>
  brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.byteLength,
    },
  })
