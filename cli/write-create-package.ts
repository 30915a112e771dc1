/**
 * The package `create-cumulus`, in `dist/create-cumulus/`: `npm create cumulus@latest my-app` runs its program, which is
 * `cumulus create my-app` of the same version.
 */
import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE_ROOT } from './host/bundle.ts'

const OUT = join(PACKAGE_ROOT, 'dist', 'create-cumulus')
const BIN = 'create-cumulus.js'

const PROGRAM = `#!/usr/bin/env node
/** \`npm create cumulus@latest <folder>\`: \`cumulus create <folder>\`. */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const manifest = pathToFileURL(createRequire(import.meta.url).resolve('cumulus/package.json'))
process.argv.splice(2, 0, 'create')
await import(new URL('cli/cumulus.js', manifest))
`

const README = `# create-cumulus

\`\`\`sh
npm create cumulus@latest my-app
\`\`\`

makes a project on Cumulus, an AT Protocol server for an app with lexicons of its own.
It is \`npx cumulus create my-app\` by another name; \`-- --help\` lists the options.
`

/** What the two packages have in common. */
export interface Shared {
  version: unknown
  license: unknown
  type: unknown
  engines: unknown
}

export function writeCreatePackage({ version, license, type, engines }: Shared): void {
  rmSync(OUT, { recursive: true, force: true })
  mkdirSync(OUT, { recursive: true })
  const manifest = {
    name: 'create-cumulus',
    version,
    description: 'npm create cumulus: an AT Protocol server for an app with lexicons of its own',
    license,
    type,
    engines,
    bin: { 'create-cumulus': BIN },
    // The very one: it makes projects that depend on its version.
    dependencies: { cumulus: version },
  }
  writeFileSync(join(OUT, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  writeFileSync(join(OUT, BIN), PROGRAM)
  chmodSync(join(OUT, BIN), 0o755)
  writeFileSync(join(OUT, 'README.md'), README)
  cpSync(join(PACKAGE_ROOT, 'LICENSE'), join(OUT, 'LICENSE'))
}
