/** Makes the folder of a project that builds on this package: what a person changes, and nothing else. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { generate } from '../../codegen/generate.ts'
import manifest from '../../package.json' with { type: 'json' }
import { PACKAGE_ROOT } from '../host/bundle.ts'
import { CommandError, UsageError } from '../terminal/errors.ts'

export interface NewProject {
  /** It does not exist yet, or is empty. */
  folder: string
  /** What `npm install` is to bring as `cumulus`: a range of versions, or the path of a file. */
  version: string
}

/** Tools of a project, in the versions that this package was tested with. */
const TOOLS = [
  '@cloudflare/vitest-plugin',
  '@cloudflare/workers-types',
  '@types/node',
  'typescript',
  'vitest',
] as const

/**
 * @param folder absolute
 * @throws UsageError for a name that npm does not take
 * @throws CommandError where something is in the folder
 */
export function assertFree(folder: string): void {
  const name = basename(folder)
  if (!/^[a-z0-9][a-z0-9._-]{0,100}$/.test(name)) {
    throw new UsageError(
      `"${name}" is no name for a package: it takes small letters, digits, ".", "-" and "_"`,
    )
  }
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new CommandError(`${folder} is not empty: name a new folder.`)
  }
}

/**
 * Writes the files and generates what belongs to them.
 *
 * @returns the files, relative to the folder
 * @throws UsageError for a name that npm does not take
 * @throws CommandError where something is in the folder
 */
export async function createProject({ folder, version }: NewProject): Promise<string[]> {
  assertFree(folder)
  const name = basename(folder)
  mkdirSync(folder, { recursive: true })
  cpSync(join(PACKAGE_ROOT, 'template'), folder, { recursive: true })
  // npm leaves a file of the right name out of packages.
  renameSync(join(folder, 'gitignore'), join(folder, '.gitignore'))
  for (const file of ['README.md', 'package.json']) fill(join(folder, file), { name, version })
  writeFileSync(join(folder, 'wrangler.toml'), wranglerToml(name))
  writeFileSync(join(folder, 'package-lock.json'), lock(name))
  const { diagnostics } = await generate(folder)
  if (diagnostics.length > 0)
    throw new CommandError(`The example is broken: ${diagnostics[0]?.message}`)
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name: file }) => join(parentPath, file).slice(folder.length + 1))
    .filter((path) => !path.startsWith('node_modules'))
    .sort()
}

/** What a package of npm cannot have by the name of package-lock.json. */
export const LOCK = 'versions.json'

/**
 * The versions that this package was tested with, of its dependencies' dependencies too: left to itself, npm would take
 * newer ones of some, and so two of a kind, which a Worker carries both. npm adds and removes what differs.
 */
function lock(name: string): string {
  const path = [LOCK, 'package-lock.json'].map((file) => join(PACKAGE_ROOT, file)).find(existsSync)
  if (path === undefined)
    throw new CommandError(`${LOCK} is missing in ${PACKAGE_ROOT}: install the package again.`)
  const { packages, ...rest }: { packages: Record<string, object> } = JSON.parse(
    readFileSync(path, 'utf8'),
  )
  const { '': _, ...others } = packages
  return `${JSON.stringify({ ...rest, name, packages: others }, null, 2)}\n`
}

/** Puts the name of the project and versions in their places. */
function fill(path: string, { name, version }: { name: string; version: string }): void {
  const values: Record<string, string> = { name, cumulus: version, ...versionsOfTools() }
  const text = readFileSync(path, 'utf8')
  writeFileSync(
    path,
    text.replace(/\{\{([^}]+)\}\}/g, (place, key: string) => values[key] ?? place),
  )
}

const versionsOfTools = (): Record<string, string> =>
  Object.fromEntries(TOOLS.map((tool) => [tool, manifest.devDependencies[tool]]))

/**
 * The package's own, with what is of the package named as a project names it: there it is JavaScript, also for a project that
 * is made by the TypeScript of a checkout.
 */
function wranglerToml(name: string): string {
  return readFileSync(join(PACKAGE_ROOT, 'wrangler.toml'), 'utf8')
    .replace('name = "cumulus"', `name = "${name}"`)
    .replace('bucket_name = "cumulus-blobs"', `bucket_name = "${name}-blobs"`)
    .replaceAll(/"\.\/src\/platform\/([\w-]+)\.ts"/g, '"./node_modules/cumulus/src/platform/$1.js"')
    .replaceAll(/cli\/host\/workerd\.ts|src\/oauth\/[\w-]+\.ts/g, (path) => `cumulus: ${path}`)
}
