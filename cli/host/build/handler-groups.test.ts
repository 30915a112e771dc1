import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { build } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import { handlerGroups } from './handler-groups.ts'

const METHODS = [
  'com/atproto/server/getSession',
  'com/atproto/repo/getRecord',
  'app/bsky/actor/getProfile',
  'com/example/book/list',
]

test('handlers of the protocol are in one module for each of its halves, those of others each in their own', async () => {
  const root = mkdtempSync(join(tmpdir(), 'cumulus-groups-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  for (const method of METHODS) {
    write(`handlers/${method}.ts`, `export default { what: '${method}' as string }`)
  }
  const routes = METHODS.map((method) => `'${method}': () => import('../handlers/${method}.ts')`)
  write('generated/routes.ts', `export const routes = {\n${routes.join(',\n')}\n}\n`)

  await build({
    entryPoints: [join(root, 'generated/routes.ts')],
    outdir: join(root, 'out'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    metafile: true,
    plugins: [handlerGroups(join(root, 'generated/routes.ts'))],
  }).then(({ metafile }) => {
    const made = Object.keys(metafile.outputs).map((path) => basename(path).replace(/-.*/, ''))
    expect(made.sort()).toEqual(['atproto', 'bsky', 'chunk', 'list', 'routes.mjs'])
  })

  const { routes: made } = (await import(join(root, 'out/routes.mjs'))) as {
    routes: Record<string, () => Promise<{ default: { what: string } }>>
  }
  for (const method of METHODS) {
    expect((await made[method]?.())?.default).toEqual({ what: method })
  }
})
