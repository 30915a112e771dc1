/** Commands that ask a running server for what only its operator may do. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { DEFAULT_PORT } from '../../src/kernel/config/settings.ts'
import { ROOT } from '../host/bundle.ts'
import { LOOPBACK, originAt, readLocalSettings } from '../settings/local.ts'
import { CommandError } from '../terminal/errors.ts'

/** Settings of `npm run dev`. */
export const DEV_VARS = join(ROOT, '.dev.vars')

/** Arguments that each of these commands has. */
export const operatorArgs = {
  host: { type: 'string', description: 'URL of the server (default: the one on this machine)' },
  dev: {
    type: 'boolean',
    default: false,
    description: 'The server is that of `npm run dev`: the operator’s password is in .dev.vars',
  },
} as const

export interface OperatorArgs {
  host?: string
  dev: boolean
}

export const PASSWORD_SOURCES =
  'The operator’s password is read from PDS_ADMIN_PASSWORD, or from the data folder (PDS_DATA_DIRECTORY).'

/**
 * Sends a JSON body to a path of the server, as its operator.
 *
 * @throws CommandError in words for the operator
 */
export async function askAsOperator(
  args: OperatorArgs,
  path: string,
  body: object,
): Promise<Record<string, unknown>> {
  const host = originOf(args)
  const response = await fetch(`${host}${path}`, {
    method: 'POST',
    headers: {
      authorization: authorizationOf(args),
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  }).catch(() => {
    throw new CommandError(`No server answers at ${host}: start it, or name it with --host.`)
  })
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>
  if (response.status === 401) {
    throw new CommandError(
      'The server does not take this operator’s password: set PDS_ADMIN_PASSWORD, or PDS_DATA_DIRECTORY to its folder; ' +
        'with `npm run dev`, add --dev.',
    )
  }
  if (!response.ok) {
    const { message } = answer
    throw new CommandError(
      typeof message === 'string' ? message : `The server answered with status ${response.status}.`,
    )
  }
  return answer
}

/** Origin of the host that these arguments mean. @throws CommandError */
export const originOf = (args: OperatorArgs): string =>
  args.host?.replace(/\/$/, '') ?? (args.dev ? devSettings() : localSettings()).origin

/** The header `Authorization` of its operator. @throws CommandError */
export function authorizationOf(args: OperatorArgs): string {
  const { password } = args.dev ? devSettings() : localSettings()
  return `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`
}

interface Access {
  origin: string
  password: string
}

function localSettings(): Access {
  const { PDS_ADMIN_PASSWORD: given, PDS_PORT = DEFAULT_PORT, PDS_BIND = LOOPBACK } = process.env
  const { PDS_DATA_DIRECTORY = 'data' } = process.env
  // Whose host is elsewhere has no data folder here, and should not get one.
  if (given) return { origin: originAt(PDS_BIND, PDS_PORT), password: given }
  const folder = resolve(PDS_DATA_DIRECTORY)
  if (!existsSync(join(folder, 'secrets.json'))) {
    throw new CommandError(
      `No server has run here: there is no secrets.json in ${folder}. Start one first (npm start), set ` +
        'PDS_DATA_DIRECTORY to its folder or PDS_ADMIN_PASSWORD; with `npm run dev`, add --dev.',
    )
  }
  const { raw, port, bind } = readLocalSettings(process.env)
  return { origin: originAt(bind, port), password: raw.PDS_ADMIN_PASSWORD ?? '' }
}

function devSettings(): Access {
  if (!existsSync(DEV_VARS))
    throw new CommandError('There is no .dev.vars: start `npm run dev` first.')
  const vars = parseEnv(readFileSync(DEV_VARS, 'utf8'))
  return {
    origin: originAt(LOOPBACK, process.env.PDS_PORT ?? vars.PDS_PORT ?? DEFAULT_PORT),
    password: vars.PDS_ADMIN_PASSWORD ?? '',
  }
}
