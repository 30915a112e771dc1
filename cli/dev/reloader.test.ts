import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { WorkerdStartError } from '../host/workerd.ts'
import type { WorkerModule } from '../host/workerd-config.ts'
import { DevBundler } from './bundle/bundler.ts'
import { Reloader } from './reloader.ts'

function project(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'cumulus-reload-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

/** What is served and said, in order; `next` waits for what is next. */
async function reloading(root: string, serve: (code: string) => void = () => undefined) {
  const told: string[] = []
  let arrived = Promise.withResolvers<void>()
  const tell = (what: string) => {
    told.push(what)
    arrived.resolve()
  }
  const reloader = new Reloader({
    root,
    bundler: new DevBundler(root, join(root, '.wrangler', 'dev')),
    async serve([entry]: readonly WorkerModule[]) {
      const code = readFileSync(entry?.path ?? '', 'utf8')
      serve(code)
      tell(/"(version \d)"/.exec(code)?.[1] ?? code)
    },
    reloaded: () => undefined,
    failed: (reason, isServing) => tell(`${isServing ? 'went on' : 'none'}: ${reason}`),
  })
  onTestFinished(() => reloader.stop())
  const next = async (): Promise<string> => {
    while (told.length === 0) {
      await arrived.promise
      arrived = Promise.withResolvers()
    }
    return told.shift() ?? ''
  }
  return { begun: reloader.begin(), next }
}

const files = {
  'wrangler.toml': 'main = "src/worker.ts"\ncompatibility_date = "2026-11-01"\n',
  'package.json': '{ "type": "module" }',
  'src/worker.ts': "import { version } from './version.ts'\nexport default { version }\n",
  'src/version.ts': "export const version: string = 'version 1'\n",
}
const VERSION = 'src/version.ts'

test('what cannot be bundled is told with file and line, and waited out, from the start on', async () => {
  const root = project({ ...files, [VERSION]: 'export const version =\n  = 1\n' })
  const { begun, next } = await reloading(root)
  expect(await next()).toBe('none: src/version.ts:2:3 Unexpected "="')
  writeFileSync(join(root, VERSION), files[VERSION])
  expect(await next()).toBe('version 1')
  await begun
  writeFileSync(join(root, VERSION), "import { x } from './missing.ts'\nexport const version = x\n")
  expect(await next()).toBe('went on: src/version.ts:1:19 Could not resolve "./missing.ts"')
  writeFileSync(join(root, VERSION), files[VERSION].replace('1', '2'))
  expect(await next()).toBe('version 2')
})

test('a change while the Worker before is being started is not lost', async () => {
  const root = project(files)
  const change = (n: number) =>
    writeFileSync(join(root, VERSION), files[VERSION].replace('1', `${n}`))
  const { begun, next } = await reloading(root, (code) => {
    if (code.includes('version 2')) change(3)
  })
  await begun
  expect(await next()).toBe('version 1')
  change(2)
  expect(await next()).toBe('version 2')
  expect(await next()).toBe('version 3')
})

test('a Worker that does not start is told of; the next one is served', async () => {
  const root = project(files)
  const { begun, next } = await reloading(root, (code) => {
    if (code.includes('version 2')) throw new WorkerdStartError('Uncaught Error: at import')
  })
  await begun
  await next()
  writeFileSync(join(root, VERSION), files[VERSION].replace('1', '2'))
  expect(await next()).toBe('went on: Uncaught Error: at import')
  writeFileSync(join(root, VERSION), files[VERSION].replace('1', '3'))
  expect(await next()).toBe('version 3')
})
