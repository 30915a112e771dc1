/** Commands that ask a running server for what only its operator may do. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { DEFAULT_PORT } from '../../src/kernel/config/settings.ts'
import { isLoopback } from '../../src/kernel/loopback.ts'
import { ROOT } from '../host/bundle.ts'
import { setOutside } from '../settings/env-file.ts'
import { LOOPBACK, originAt, readLocalSettings } from '../settings/local.ts'
import {
  cloudflareFiles,
  readCloudflareSecrets,
  readWranglerConfig,
} from '../setup/cloudflare-files.ts'
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
  'The operator’s password is read from PDS_ADMIN_PASSWORD; for the host of this folder, from its data folder ' +
  '(PDS_DATA_DIRECTORY) or cloudflare-secrets.json.'

/**
 * Sends a JSON body to a path of the server, as its operator.
 *
 * @throws CommandError in words for the operator
 */
export const askAsOperator = (
  args: OperatorArgs,
  path: string,
  body: object,
): Promise<Record<string, unknown>> => request(args, path, body)

/** Reads a path of the server, as its operator. @throws CommandError in words for the operator */
export const readAsOperator = (
  args: OperatorArgs,
  path: string,
): Promise<Record<string, unknown>> => request(args, path)

const request = (
  args: OperatorArgs,
  path: string,
  body?: object,
): Promise<Record<string, unknown>> => send(accessTo(args), path, body)

/** As `askAsOperator`, with a password of the caller's. @throws CommandError */
export const askWithPassword = (
  args: OperatorArgs,
  password: string,
  path: string,
  body: object,
): Promise<Record<string, unknown>> => send({ origin: originOf(args), password }, path, body)

async function send(
  { origin: host, password }: Access,
  path: string,
  body?: object,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${host}${path}`, {
    method: body ? 'POST' : 'GET',
    // Wherever else that would lead, the password does not go.
    redirect: 'manual',
    headers: {
      authorization: basic(password),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new CommandError(`No server answers at ${host}: start it, or name it with --host.`)
  })
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>
  if (response.status === 401) {
    throw new CommandError(
      'The server does not take this operator’s password: set PDS_ADMIN_PASSWORD, or PDS_DATA_DIRECTORY to its folder; ' +
        'with `npm run dev`, add --dev.',
      { reason: 'password' },
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

const basic = (password: string): string =>
  `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`

/** Which host is meant, and its operator's password. @throws CommandError */
function accessTo({ host, dev }: OperatorArgs): Access {
  if (dev) return { ...devSettings(), ...(host && { origin: originGiven(host) }) }
  if (!host) return localSettings()
  const origin = originGiven(host)
  const given = setOutside().PDS_ADMIN_PASSWORD
  if (given) return { origin, password: given }
  // The password of the host here is for that one: another would learn it.
  const password = passwordHere(new URL(origin))
  if (password) return { origin, password }
  throw new CommandError(
    `${origin} is not the host of this folder (whose password goes to https://<its name> only): set PDS_ADMIN_PASSWORD to the password of its operator (it is in the recovery kit).`,
  )
}

/** A name without a scheme is taken for one with TLS. @throws CommandError */
function originGiven(host: string): string {
  const url = URL.parse(/^https?:\/\//i.test(host) ? host : `https://${host}`)
  if (!url || url.username || url.pathname !== '/' || url.search || url.hash) {
    throw new CommandError(`--host ${host} is no URL of a server, such as https://pds.example.com`)
  }
  return url.origin
}

/**
 * Of a host whose files are here, on this machine or to be deployed: for its public address, or this machine itself. Over
 * plain http, or another port, anybody could answer in its place.
 *
 * @returns undefined for another host
 */
function passwordHere({ hostname, origin }: URL): string | undefined {
  if (isLoopback(hostname)) return localSettings().password
  if (origin !== `https://${hostname}`) return undefined
  const { config, secrets } = cloudflareFiles()
  if (existsSync(config) && readWranglerConfig(config).vars?.PDS_HOSTNAME === hostname) {
    return readCloudflareSecrets(secrets).PDS_ADMIN_PASSWORD
  }
  return process.env.PDS_HOSTNAME === hostname ? localSettings().password : undefined
}

/** Whether the host that these arguments mean is the one whose files are here: the passwords in them are for that one. */
export const isHostOfFolder = ({ host }: OperatorArgs): boolean =>
  !host || passwordHere(new URL(originGiven(host))) !== undefined

/** The password by which these arguments reach their host. @throws CommandError */
export const passwordOf = (args: OperatorArgs): string => accessTo(args).password

/** Origin of the host that these arguments mean. @throws CommandError */
export function originOf({ host, dev }: OperatorArgs): string {
  if (host) return originGiven(host)
  return (dev ? devSettings() : localSettings()).origin
}

/** The header `Authorization` of its operator. @throws CommandError */
export function authorizationOf(args: OperatorArgs): string {
  return basic(accessTo(args).password)
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
      `No server has run here: there is no secrets.json in ${folder}.\n` +
        '  To have one run here: `npm start`, and this again in another terminal.\n' +
        '  If `npm run dev` runs: add --dev.\n' +
        '  If its data are in another folder: set PDS_DATA_DIRECTORY to that.\n' +
        '  If it is elsewhere: --host https://pds.example.com, with PDS_ADMIN_PASSWORD set to its operator’s password.',
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
