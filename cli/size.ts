/** `npm run size`: size of the production bundle, and of what is in it. */
import { readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { BUNDLE, buildBundle, textModules } from './host/bundle.ts'

/**
 * Upper limit for the bundle, KiB compressed; most of it is the OAuth server and its libraries. What speaks SMTP
 * is 50, what backups, moves and changes of secrets take is 30, and what encrypts and
 * writes backups in the Worker 23, and what only apps have (indexes in one object or several, hooks, webhooks, tables, jobs) some 40; they are loaded when they are first needed. Cloudflare takes 3 MB.
 */
const LIMIT = 800

rmSync(BUNDLE, { force: true })
buildBundle()
const code = readFileSync(BUNDLE)
const kib = (bytes: number) => bytes / 1024
const compressed = kib(gzipSync(code).byteLength)
process.stdout.write(
  `${kib(code.byteLength).toFixed(0)} KiB, ${compressed.toFixed(0)} KiB gzip (limit ${LIMIT})\n`,
)
for (const name of textModules()) {
  const text = gzipSync(readFileSync(join(dirname(BUNDLE), name))).byteLength
  process.stdout.write(
    `${kib(text).toFixed(0)} KiB gzip of text beside it, read when it is asked for: ${name}\n`,
  )
}
if (compressed > LIMIT) process.exitCode = 1
