/** What another version changes: its changelog, the storage it migrates, the settings it has. */
import { execFileSync } from 'node:child_process'
import type { Checkout, Revision } from './checkout.ts'

/** Bytes of a description. */
const MAX_DESCRIPTION = 16 * 1024 * 1024

export interface VersionFacts {
  /** How many migrations each kind of object has. */
  migrations: Record<string, number>
  /** What applies where a setting is not set, by its name. */
  settings: Record<string, string>
}

export interface Changes {
  /** Lines of the changelog that the version now does not have, with their headings. */
  changelog: string[]
  /** Kinds of object whose data are migrated at their next start, and by how many steps. */
  migrations: Record<string, number>
  settings: { added: string[]; removed: string[]; changed: string[] }
  /** The data of the version now are too new for the other one. */
  goesBack: boolean
}

/** Read in a process of its own, since both versions have the same modules. */
const DESCRIBE = `
  const load = (path) => import(new URL(path, 'file://' + process.argv[1] + '/'))
  const migrations = {}
  for (const object of ['account', 'directory', 'oauth', 'sequencer']) {
    migrations[object] = (await load('src/storage/' + object + '/schema.ts')).migrations.length
  }
  const { settings } = await load('src/kernel/config/settings.ts')
  const entries = Object.entries(settings).map(([name, { otherwise }]) => [name, otherwise])
  console.log(JSON.stringify({ migrations, settings: Object.fromEntries(entries) }))
`

/** @param folder with the sources of a version and its packages */
export function factsOf(folder: string): VersionFacts {
  const args = ['--input-type=module', '--eval', DESCRIBE, '--', folder]
  const told = execFileSync(process.execPath, args, {
    encoding: 'utf8',
    maxBuffer: MAX_DESCRIPTION,
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  })
  return JSON.parse(told) as VersionFacts
}

export async function changesBetween(
  checkout: Checkout,
  [now, next]: readonly [Revision, Revision],
  [before, after]: readonly [VersionFacts, VersionFacts],
): Promise<Changes> {
  const [old, fresh] = await Promise.all([
    checkout.file(now, 'CHANGELOG.md'),
    checkout.file(next, 'CHANGELOG.md'),
  ])
  const migrations = Object.entries(after.migrations).map(
    ([object, count]) => [object, count - (before.migrations[object] ?? 0)] as const,
  )
  const names = Object.keys(after.settings)
  return {
    changelog: newLines(old, fresh),
    migrations: Object.fromEntries(migrations.filter(([, steps]) => steps !== 0)),
    settings: {
      added: names.filter((name) => !(name in before.settings)),
      removed: Object.keys(before.settings).filter((name) => !(name in after.settings)),
      changed: names.filter(
        (name) => name in before.settings && before.settings[name] !== after.settings[name],
      ),
    },
    goesBack: migrations.some(([, steps]) => steps < 0),
  }
}

/** Entries of a changelog that another does not have, each below its heading. */
export function newLines(old: string, fresh: string): string[] {
  const known = new Set(old.split('\n'))
  const lines: string[] = []
  let heading: string | undefined
  for (const line of fresh.split('\n')) {
    if (line.startsWith('## ')) heading = line
    else if (line.trim() !== '' && !line.startsWith('# ') && !known.has(line)) {
      if (heading !== undefined) lines.push(heading)
      heading = undefined
      lines.push(line)
    }
  }
  return lines
}
