/** `npm run dev`: `wrangler dev`, with the generator watching the lexicons and handlers. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './bundle.ts'

const DEV_VARS = join(ROOT, '.dev.vars')
const PORT = '2583'

if (!existsSync(DEV_VARS)) {
  const secret = () => randomBytes(32).toString('base64url')
  const lines = [
    '# Settings of `npm run dev`, made at its first start. docs/configuration.md lists all of them.',
    'PDS_DEV_MODE=true',
    `PDS_PORT=${PORT}`,
    `PDS_ADMIN_PASSWORD=${secret()}`,
    `PDS_JWT_SECRET=${secret()}`,
    `PDS_KEY_SECRET=${secret()}`,
  ]
  writeFileSync(DEV_VARS, `${lines.join('\n')}\n`, { mode: 0o600 })
  process.stdout.write('+ .dev.vars\n')
}

const run = (...args: string[]): ChildProcess =>
  spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' })

const wrangler = join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js')
const children = [
  run(join(ROOT, 'codegen', 'cli.ts'), '--watch'),
  run(wrangler, 'dev', '--ip', '127.0.0.1', '--port', PORT, ...process.argv.slice(2)),
]
for (const child of children) {
  // When one ends, the other has nothing to do any more.
  child.once('exit', (code) => {
    for (const other of children) other.kill()
    process.exitCode ||= code ?? 0
  })
}
