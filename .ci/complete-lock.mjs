/**
 * `node .ci/complete-lock.mjs [folder]` after each `npm install` that changes package-lock.json.
 *
 * A registry mirror that does not carry the binaries of other platforms makes npm leave them out of the
 * lock file, and `npm ci` then refuses it, also where those platforms are not asked for. This adds an
 * entry for each optional dependency that a locked package names and the lock file lacks.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const path = join(process.argv[2] ?? '.', 'package-lock.json')
const lock = JSON.parse(readFileSync(path, 'utf8'))
const OS = [
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'sunos',
  'win32',
  'windows',
  'aix',
]
const CPU = [
  'arm64',
  'arm',
  'x64',
  'ia32',
  'ppc64',
  's390x',
  'riscv64',
  'loong64',
  'mips64el',
  '64',
]

let added = 0
for (const [place, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const nested = `${place}/node_modules/${name}`
    const hoisted = `node_modules/${name}`
    const parts = name.split(/[-/]/)
    const os = OS.find((word) => parts.includes(word))
    if (!os || lock.packages[nested] || lock.packages[hoisted]) continue
    const cpu = CPU.find((word) => parts.includes(word)) ?? 'x64'
    lock.packages[hoisted] = {
      version: version.replace(/^[\^~]/, ''),
      cpu: [cpu === '64' ? 'x64' : cpu],
      optional: true,
      os: [os === 'windows' ? 'win32' : os],
    }
    added++
  }
}
const sorted = Object.keys(lock.packages).sort((a, b) => (a < b ? -1 : 1))
lock.packages = Object.fromEntries(sorted.map((key) => [key, lock.packages[key]]))
if (added > 0) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`${added} added to ${path}`)
