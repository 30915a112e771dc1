/** The libraries that the files of a client import, as the front end has them installed. */
import { join } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import { isNewer } from '../../src/kernel/version.ts'
import { upwards } from '../base.ts'
import { readText } from '../tree.ts'

const TESTED: Readonly<Record<string, string>> = {
  ...manifest.dependencies,
  ...manifest.devDependencies,
}

const ALL = ['@atproto/lex']
/** Of a client with a subscription. */
const STREAMS = ['@atproto/ws-client', '@atproto/lex-cbor']

/** A library that is missing, or of a version that the client's files do not fit. */
export interface UnfitLibrary {
  name: string
  /** The version that these files are tested with. */
  needed: string
  /** Undefined: none is. */
  installed?: string
}

/** Those that a client in `folder` lacks. @param streams it has a subscription */
export const unfitLibraries = (folder: string, streams: boolean): UnfitLibrary[] =>
  [...ALL, ...(streams ? STREAMS : [])].flatMap((name) => {
    const needed = TESTED[name] ?? ''
    const installed = installedVersion(folder, name)
    if (installed === undefined) return [{ name, needed }]
    return fits(installed, needed) ? [] : [{ name, needed, installed }]
  })

/** The sentence for it, with the command that helps. */
export function adviceOn(unfit: readonly UnfitLibrary[]): string {
  const what = unfit.map(({ name, needed, installed }) =>
    installed === undefined ? `${name} ${needed}` : `${name} ${needed} (${installed} is installed)`,
  )
  const install = unfit.map(({ name, needed }) => `${name}@${needed}`).join(' ')
  return `The client needs ${what.join(' and ')}: npm install ${install}`
}

/** What Node and bundlers would find from there. */
function installedVersion(folder: string, name: string): string | undefined {
  for (const one of upwards(folder)) {
    const text = readText(join(one, 'node_modules', name, 'package.json'))
    if (text === undefined) continue
    try {
      const { version }: { version?: unknown } = JSON.parse(text)
      return typeof version === 'string' ? version : undefined
    } catch {
      return undefined
    }
  }
  return undefined
}

/** As `^` of npm: before 1.0, another minor version is another library. */
function fits(installed: string, needed: string): boolean {
  const series = (version: string) => /^(?:0\.\d+|\d+)/.exec(version)?.[0]
  return series(installed) === series(needed) && !isNewer(needed, installed)
}
