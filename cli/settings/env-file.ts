/** `pds.env`: the settings of a host on this machine, where they are not in the environment. */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { isDeepStrictEqual, parseEnv } from 'node:util'
import { type RawSettings, settings } from '../../src/kernel/config/settings.ts'
import { writeFileSafely } from '../host/safe-file.ts'
import { CommandError } from '../terminal/errors.ts'

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
  return parseEnv(textOf(path)) as RawSettings
}

/** Editors on Windows put a mark in front that would become part of the first name. */
const textOf = (path: string): string => readFileSync(path, 'utf8').replace(/^\uFEFF/, '')

/** A value that goes on in the next line. */
const OPEN_QUOTE = /=\s*(["'`])(?!.*\1)/

/** What an environment has from the file. */
const loaded = new WeakMap<NodeJS.ProcessEnv, Set<string>>()

/** Takes over what the file says now and the environment does not; an empty value counts as not set. */
export function loadEnvFile(env: NodeJS.ProcessEnv = process.env): void {
  const names = loaded.get(env) ?? new Set()
  for (const name of names) delete env[name]
  names.clear()
  for (const [name, value] of Object.entries(readEnvFile(envFilePath(env)))) {
    if (env[name]) continue
    env[name] = value
    names.add(name)
  }
  loaded.set(env, names)
}

/** Settings that the environment has by itself, so that the file cannot change them. */
export function setOutside(env: NodeJS.ProcessEnv = process.env): RawSettings {
  const names = loaded.get(env)
  return Object.fromEntries(
    Object.keys(settings).flatMap((name) =>
      env[name] && !names?.has(name) ? [[name, env[name]]] : [],
    ),
  )
}

/**
 * Writes the file, readable by its owner only; what somebody wrote into it besides stays. systemd, shells and Docker Compose
 * read the same in it.
 *
 * @throws CommandError for what no such file can say
 */
export function writeEnvFile(path: string, values: RawSettings): void {
  writeFileSafely(path, envFileText(path, values))
}

/** What `writeEnvFile` would write. @throws CommandError */
export function envFileText(path: string, values: RawSettings): string {
  const before = existsSync(path) ? textOf(path) : HEADER
  const present = parseEnv(before) as Record<string, string | undefined>
  const left = new Map(Object.entries(values))
  const changed = new Set<string>()
  const kept = before
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const name = /^\s*(?:export\s+)?([^\s=#]+)\s*=/.exec(line)?.[1]
      if (name === undefined || !(name in present)) return [line]
      const value = values[name as keyof RawSettings]
      left.delete(name)
      // As it was written, with whatever stands behind it.
      if (value === present[name]) return [line]
      if (OPEN_QUOTE.test(line)) throw unsafe(path)
      if (value === undefined || changed.has(name)) return []
      changed.add(name)
      return [assignment(name, value)]
    })
  const added = [...left].flatMap(([name, value]) =>
    value === undefined ? [] : [assignment(name, value)],
  )
  const text = `${[...kept, ...added].join('\n')}\n`
  const wanted = Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  )
  if (!isDeepStrictEqual({ ...parseEnv(text) }, wanted)) throw unsafe(path)
  return text
}

const unsafe = (path: string) =>
  new CommandError(
    `${path} has lines that cannot be changed safely (a value of several lines, or an open quote): mend them by hand.`,
  )

const assignment = (name: string, value: string): string => `${name}=${quoted(name, value)}`

/** What a value cannot have in it, so that everybody reads the same. @returns what is wrong */
export function envValueProblem(value: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are refused
  if (/[\u0000-\u001f\u007f]/.test(value)) return 'has a line break or another control character'
  return quotesFor(value) === undefined
    ? 'has characters that a settings file cannot hold: a single quote together with " $ ` or \\'
    : undefined
}

/** Nobody looks for anything within single quotes; within double ones, readers differ on $, ` and \. */
function quotesFor(value: string): string | undefined {
  if (/^[\w./:@,+-]*$/.test(value)) return ''
  if (!value.includes("'")) return "'"
  return /["$`\\]/.test(value) ? undefined : '"'
}

function quoted(name: string, value: string): string {
  const problem = envValueProblem(value)
  if (problem) throw new CommandError(`${name} ${problem}.`)
  const quotes = quotesFor(value) ?? ''
  return `${quotes}${value}${quotes}`
}
