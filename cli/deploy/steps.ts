/** The steps of a deployment to Cloudflare. Each may be done again: what is there already stays. */
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { readConfig } from '../../src/kernel/config/config.ts'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { ensureFirstAccount, FirstAccountError } from '../host/first-account.ts'
import { runWrangler } from '../host/wrangler.ts'
import { makeSecrets } from '../settings/local.ts'
import { uploadable } from '../setup/cloudflare.ts'
import type { WranglerConfig } from '../setup/cloudflare-files.ts'
import { CommandError } from '../terminal/errors.ts'
import { reasonOf } from '../terminal/reason.ts'
import { bucketOf, type Deployment, type Finding } from './preflight.ts'
import { stageUpload } from './upload.ts'

/** Pause between two looks whether the host answers, in ms. */
const POLL = 2000

/** Time limit of one request to the host or a relay, in ms. */
const REQUEST_TIMEOUT = 10_000

export interface Step {
  /** What it does, as `--dry-run` shows it. */
  title: string
  /** @returns what became of it */
  run(): Promise<string>
}

export interface StepOptions {
  /** Where the host answers from outside. */
  origin: string
  /** How long is waited for it, in ms. */
  patience: number
}

/** What is to be done after these findings, in order. */
export function stepsFor(
  deployment: Deployment,
  findings: readonly Finding[],
  options: StepOptions,
): Step[] {
  const { config, secrets, hostname } = deployment
  const todo = (name: string) =>
    findings.some((finding) => finding.name === name && finding.state === 'todo')
  const makesBucket = (name: string, binding: 'BLOBS' | 'BACKUPS'): Step[] => {
    const bucket = bucketOf(config, binding) ?? ''
    const title = `make the bucket ${bucket}: wrangler r2 bucket create ${bucket}`
    return todo(name) ? [{ title, run: () => makeBucket(bucket) }] : []
  }
  const raw = { ...config.vars, ...uploadable(secrets) }
  const missing = findings.find(({ name }) => name === 'secrets')?.missing
  return [
    ...makesBucket('blob store', 'BLOBS'),
    ...makesBucket('backups', 'BACKUPS'),
    {
      title: `upload the Worker${todo('secrets') ? ' with its secrets' : ''}: wrangler deploy`,
      run: () => deploy(config, toUpload(uploadable(secrets), missing)),
    },
    {
      title: `wait until ${options.origin} answers`,
      run: () => untilUp(options.origin, hostname, options.patience),
    },
    {
      title: raw.PDS_FIRST_HANDLE
        ? `make the first account, ${raw.PDS_FIRST_HANDLE}, unless there is one`
        : 'make no account: PDS_FIRST_HANDLE is not set',
      run: () => firstAccount(options.origin, raw),
    },
    {
      title: `ask the relays to crawl ${hostname}`,
      run: () => askRelays(readConfig({ ...raw }).crawlers, hostname),
    },
  ]
}

/** Cloudflare's code for a bucket that there is already. */
const BUCKET_EXISTS = '[code: 10004]'

async function makeBucket(bucket: string): Promise<string> {
  const args = ['r2', 'bucket', 'create', bucket]
  const { code, stdout, stderr } = await runWrangler(args)
  if (code !== 0 && !`${stdout}${stderr}`.includes(BUCKET_EXISTS))
    throw failed(args, stdout, stderr)
  return `bucket ${bucket} is there`
}

const failed = (args: readonly string[], stdout: string, stderr: string) =>
  new CommandError(
    `wrangler ${args.join(' ')}: ${stripVTControlCharacters(`${stdout}${stderr}`).trim()}\nRun the command again, which goes on from here.`,
  )

/** Never those that the Worker has: what is here could be others than those its accounts were made with. */
function toUpload(
  here: RawSettings,
  missing: readonly string[] | undefined,
): RawSettings | undefined {
  if (!missing) return undefined
  const lasting = Object.keys(makeSecrets({}))
  return Object.fromEntries(
    Object.entries(here).filter(([name]) => !lasting.includes(name) || missing.includes(name)),
  )
}

/**
 * The secrets go up right after the Worker, by standard input: until they are there, it answers that its settings are
 * incomplete, and makes nothing.
 */
async function deploy(config: WranglerConfig, secrets: object | undefined): Promise<string> {
  const upload = stageUpload(config)
  try {
    const { code, stdout, stderr } = await runWrangler(['deploy', `--config=${upload.config}`])
    if (code !== 0) throw failed(['deploy'], stdout, stderr)
  } finally {
    upload.remove()
  }
  if (!secrets) return 'uploaded'
  const bulk = ['secret', 'bulk']
  const { code, stdout, stderr } = await runWrangler(bulk, { input: JSON.stringify(secrets) })
  if (code !== 0) throw failed(bulk, stdout, stderr)
  return `uploaded, with ${Object.keys(secrets).length} secrets`
}

/** @throws CommandError with the last answer */
async function untilUp(origin: string, hostname: string, patience: number): Promise<string> {
  const start = Date.now()
  let last: string | undefined
  do {
    if (last !== undefined) await sleep(Math.min(POLL, patience))
    last = await whatIsThere(origin, hostname)
    if (last === 'up') return `answers after ${Math.round((Date.now() - start) / 1000)} s`
  } while (Date.now() - start < patience)
  throw new CommandError(
    `${origin} does not answer (${last}). A new name takes some minutes until DNS and its certificate are there: run the ` +
      'command again, which goes on from here. If it stays so: npx wrangler tail, docs/troubleshooting.md.',
  )
}

/**
 * `up` where this host answers. Next it is given the operator's password, so whatever else has the name, such as the page of
 * a registrar or where a redirect leads, will not do.
 */
async function whatIsThere(origin: string, hostname: string): Promise<string> {
  try {
    const ask = (method: string) =>
      fetch(`${origin}/xrpc/${method}`, {
        redirect: 'manual',
        signal: AbortSignal.timeout(REQUEST_TIMEOUT),
      })
    const health = await ask('_health')
    await health.body?.cancel()
    if (!health.ok) return `status ${health.status}`
    const described = await ask('com.atproto.server.describeServer')
    const { did } = (await described.json().catch(() => ({}))) as { did?: unknown }
    return did === `did:web:${hostname}` ? 'up' : 'something else has the name'
  } catch (error) {
    return reasonOf(error)
  }
}

async function firstAccount(
  origin: string,
  raw: Parameters<typeof ensureFirstAccount>[1],
): Promise<string> {
  try {
    const first = await ensureFirstAccount(origin, raw)
    if (first === 'exists') {
      return 'there is an account already (npx cumulus account reset-link makes a link for a new password)'
    }
    if (first === 'none') return 'none is asked for'
    const { handle, did, password } = first
    return `${handle} (${did})${password ? `, password ${password}   <- shown this once, write it down` : ''}`
  } catch (error) {
    if (error instanceof FirstAccountError) throw new CommandError(error.message)
    throw error
  }
}

/** A relay that does not answer is no reason to fail: the host asks again with its first event. */
async function askRelays(relays: readonly string[], hostname: string): Promise<string> {
  const answers = await Promise.all(
    relays.map(async (relay) => {
      const response = await fetch(`${relay}/xrpc/com.atproto.sync.requestCrawl`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ hostname }),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT),
      }).catch(() => undefined)
      return `${relay}: ${response?.ok ? 'asked' : `no (${response?.status ?? 'no answer'})`}`
    }),
  )
  return answers.join(', ') || 'none is set (PDS_CRAWLERS)'
}
