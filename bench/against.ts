/** `--against`: what Cumulus is compared with. Options that follow one are about that one. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { UsageError } from '../cli/terminal/errors.ts'

/** The reference, the Cumulus of another checkout, or any other PDS. */
export type Baseline =
  | { kind: 'reference' }
  | { kind: 'checkout'; folder: string; name: string }
  | Foreign

/** A PDS that has been started by somebody, or is by a command. */
export interface Foreign {
  kind: 'foreign'
  /** Where it answers. */
  origin: string
  /** In tables. */
  name: string
  /** Of its process, for memory and CPU. */
  pid?: number
  /** Starts it; then the process is known. */
  start?: string
  /** Its one account, where it makes none. */
  owner?: { handle: string; password: string }
  /** What it takes to make accounts. */
  adminPassword?: string
  invite?: string
  did?: 'plc' | 'web'
  /** The file that is deployed, for its size. */
  bundle?: string
}

/** Of the options that may follow `--against <URL>`. */
export const FOREIGN_OPTIONS = {
  name: 'Its name in tables',
  pid: 'Of the process that serves, for its memory and CPU; it must run here',
  start: 'Command that starts it, and with that says which its processes are',
  handle: 'Of its one account, if it makes none',
  password: 'Of that account; env:NAME reads a variable',
  'admin-password': 'With which it makes accounts; env:NAME reads a variable',
  invite: 'Invitation with which it makes accounts, as often as need be',
  did: '"plc" (default) or "web": what its new accounts get',
  bundle: 'The file that it deploys, for its size',
} as const

type Option = keyof typeof FOREIGN_OPTIONS

/**
 * Reads all `--against` of a command line.
 *
 * @param env where passwords may be
 * @throws UsageError
 */
export function parseAgainst(rawArgs: readonly string[], env = process.env): Baseline[] {
  const groups: { what: string; options: Map<Option, string> }[] = []
  for (const [at, arg] of rawArgs.entries()) {
    const [, name = '', given] = /^--([\w-]+)(?:=(.*))?$/s.exec(arg) ?? []
    const value = given ?? rawArgs[at + 1] ?? ''
    if (name === 'against' && (value === '' || value.startsWith('--'))) {
      throw new UsageError('--against: reference, the folder of a checkout, or an address?')
    }
    if (name === 'against') groups.push({ what: value, options: new Map() })
    if (!(name in FOREIGN_OPTIONS)) continue
    const group = groups.at(-1)
    if (!group) throw new UsageError(`--${name} is about the --against before it: there is none`)
    group.options.set(name as Option, secret(value, env))
  }
  const baselines = groups.map(({ what, options }) => baselineOf(what, options))
  const names = baselines.map(nameOf)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice === undefined) return baselines
  throw new UsageError(`two servers are called ${twice}: tell them apart with --name`)
}

const nameOf = (baseline: Baseline): string =>
  baseline.kind === 'reference' ? 'reference' : baseline.name

function secret(value: string, env: NodeJS.ProcessEnv): string {
  if (!value.startsWith('env:')) return value
  const found = env[value.slice('env:'.length)]
  if (found) return found
  throw new UsageError(`${value}: there is no such variable in the environment`)
}

function baselineOf(what: string, options: Map<Option, string>): Baseline {
  if (what === 'reference') return { kind: 'reference' }
  if (!/^https?:/i.test(what)) {
    const folder = resolve(what)
    if (existsSync(join(folder, 'package.json')))
      return { kind: 'checkout', folder, name: options.get('name') ?? 'other' }
    throw new UsageError(`--against ${what}: neither an address (https://…) nor a checkout`)
  }
  if (!URL.canParse(what)) throw new UsageError(`--against ${what} is no address`)
  const [handle, password] = [options.get('handle'), options.get('password')]
  if ((handle === undefined) !== (password === undefined)) {
    throw new UsageError('--handle and --password belong together')
  }
  const did = options.get('did') ?? 'plc'
  if (did !== 'plc' && did !== 'web') throw new UsageError(`--did ${did}: "plc" or "web"`)
  const pid = options.get('pid')
  if (pid !== undefined && !/^\d+$/.test(pid)) throw new UsageError(`--pid ${pid} is not a number`)
  const given = <Name extends string>(name: Name, option: Option) => {
    const value = options.get(option)
    return value === undefined ? {} : ({ [name]: value } as Record<Name, string>)
  }
  return {
    kind: 'foreign',
    origin: new URL(what).origin,
    name: options.get('name') ?? 'peer',
    did,
    ...(pid === undefined ? {} : { pid: Number(pid) }),
    ...(handle !== undefined && password !== undefined ? { owner: { handle, password } } : {}),
    ...given('start', 'start'),
    ...given('adminPassword', 'admin-password'),
    ...given('invite', 'invite'),
    ...given('bundle', 'bundle'),
  }
}
