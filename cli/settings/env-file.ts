/** `pds.env`: the settings of a host on this machine, where they are not in the environment. */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { writeFileSafely } from '../host/safe-file.ts'

/** Names another file; empty: none is read. */
const OTHER = 'CUMULUS_ENV_FILE'

const HEADER = `# Settings of this host, written by \`cumulus init\`; docs/configuration.md lists all there are.
# What is set in the environment goes before. Keep this file to yourself: it may hold passwords.
`

/** Where the file is, or would be. @returns undefined when none is to be read */
export function envFilePath(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const name = env[OTHER] ?? 'pds.env'
  return name === '' ? undefined : resolve(name)
}

/** @returns nothing where there is no such file */
export function readEnvFile(path: string | undefined = envFilePath()): RawSettings {
  if (path === undefined || !existsSync(path)) return {}
  return parseEnv(readFileSync(path, 'utf8')) as RawSettings
}

/** Takes over what the file says and the environment does not. */
export function loadEnvFile(env: NodeJS.ProcessEnv = process.env): void {
  for (const [name, value] of Object.entries(readEnvFile(envFilePath(env)))) env[name] ??= value
}

/** Writes the file, readable by its owner only; what somebody wrote into it besides stays. systemd and Docker read it too. */
export function writeEnvFile(path: string, values: RawSettings): void {
  const left = new Map(Object.entries(values))
  const lines = existsSync(path)
    ? readFileSync(path, 'utf8').trimEnd().split('\n')
    : [HEADER.trimEnd()]
  const kept = lines.flatMap((line) => {
    const name = /^\s*(?:export\s+)?([A-Z_0-9]+)\s*=/.exec(line)?.[1]
    if (name === undefined) return [line]
    const value = left.get(name)
    left.delete(name)
    return value === undefined ? [] : [assignment(name, value)]
  })
  const added = [...left].map(([name, value]) => assignment(name, value ?? ''))
  writeFileSafely(path, `${[...kept, ...added].join('\n')}\n`)
}

const assignment = (name: string, value: string): string => `${name}=${quoted(name, value)}`

/** @throws RangeError for what no such file can say */
function quoted(name: string, value: string): string {
  if (/^[\w./:@,+-]*$/.test(value)) return value
  const quote = ['"', "'"].find((mark) => !value.includes(mark))
  // Within double quotes, a backslash is one more thing that readers do not agree on.
  if (!quote || /[\n\r]/.test(value) || (quote === '"' && value.includes('\\'))) {
    throw new RangeError(`${name} has characters that a settings file cannot hold`)
  }
  return `${quote}${value}${quote}`
}
