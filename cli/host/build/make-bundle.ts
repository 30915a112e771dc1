/**
 * Builds the production bundle into the folder that it is given: a program of its own, as esbuild's plugins do not run while
 * somebody waits, and most commands need no esbuild. It prints what is wrong, and ends with 1.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type BuildFailure, build, formatMessages, type Metafile } from 'esbuild'
import { wranglerBundling } from '../../dev/bundle/wrangler-options.ts'
import { BUNDLE, PACKAGE_ROOT, ROOT } from '../bundle.ts'
import { compressedTexts } from './compressed-texts.ts'
import { handlerGroups } from './handler-groups.ts'
import { minify } from './minify.ts'
import { standIns } from './stand-ins.ts'

const [folder = ''] = process.argv.slice(2)

try {
  await make(folder)
} catch (error) {
  const { errors } = error as Partial<BuildFailure>
  const messages = errors ? await formatMessages(errors, { kind: 'error' }) : [String(error)]
  process.stderr.write(messages.join('\n'))
  process.exitCode = 1
}

/**
 * `worker.js` has what every start evaluates, with the modules that it imports; what is imported when it is first needed is in
 * modules of its own. All names have a hash of what is in the file, but for that of the entry.
 */
async function make(folder: string): Promise<void> {
  const { entry, files, options, plugin } = wranglerBundling(ROOT)
  const texts = new Map<string, Uint8Array>()
  const { outputFiles, metafile } = await build({
    ...options,
    entryPoints: { worker: entry },
    // Where it is moved to, which the paths in its maps begin at.
    outdir: dirname(BUNDLE),
    chunkNames: '[name]-[hash]',
    splitting: true,
    minify: true,
    // Licences, in a file beside the one that they are of.
    legalComments: 'external',
    sourcemap: 'external',
    metafile: true,
    write: false,
    plugins: [standIns, handlerGroups(), compressedTexts(texts), plugin],
  })
  for (const warning of lazyCommonJs(metafile)) process.stderr.write(`${warning}\n`)
  mkdirSync(folder, { recursive: true })
  const made = new Map(outputFiles.map((file) => [basename(file.path), file] as const))
  for (const [name, { contents, text }] of made) {
    const map = made.get(`${name}.map`)
    if (!map) {
      if (!made.has(name.replace(/\.map$/, ''))) writeFileSync(join(folder, name), contents)
      continue
    }
    const smaller = minify(name, { code: text, map: map.text }, options.keepNames === true)
    writeFileSync(join(folder, name), smaller.code)
    writeFileSync(join(folder, `${name}.map`), smaller.map)
  }
  for (const [name, bytes] of texts) writeFileSync(join(folder, name), bytes)
  for (const { name, path } of files.values()) copyFileSync(path, join(folder, basename(name)))
}

/** In a bundle of several modules, CommonJS that a project imports when it is needed has no names, as it may have elsewhere. */
function lazyCommonJs({ inputs }: Metafile): string[] {
  if (ROOT === PACKAGE_ROOT) return []
  return Object.entries(inputs).flatMap(([importer, { imports }]) =>
    imports
      .filter(({ kind, path }) => kind === 'dynamic-import' && inputs[path]?.format === 'cjs')
      .filter(() => !importer.includes('node_modules/'))
      .map(
        ({ original, path }) =>
          `${importer}: ${original ?? path} is a CommonJS module; import() gives it as "default" alone`,
      ),
  )
}
