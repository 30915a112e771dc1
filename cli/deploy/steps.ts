/** The steps of a deployment to Cloudflare. Each may be done again: what is there already stays. */
import { setTimeout as sleep } from 'node:timers/promises'
import { readConfig } from '../../src/kernel/config/config.ts'
import { ensureFirstAccount, FirstAccountError } from '../host/first-account.ts'
import { runWrangler } from '../host/wrangler.ts'
import { uploadable } from '../setup/cloudflare.ts'
import { CommandError } from '../terminal/errors.ts'
import { bucketOf, type Deployment, type Finding } from './preflight.ts'

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
  const bucket = bucketOf(config) ?? ''
  const raw = { ...config.vars, ...uploadable(secrets) }
  return [
    ...(todo('blob store')
      ? [
          {
            title: `make the bucket ${bucket}: wrangler r2 bucket create ${bucket}`,
            run: () => wrangler(['r2', 'bucket', 'create', bucket], `bucket ${bucket} is there`),
          },
        ]
      : []),
    {
      title: `upload the Worker${todo('secrets') ? ' with its secrets' : ''}: wrangler deploy`,
      run: () => deploy(todo('secrets') ? uploadable(secrets) : undefined),
    },
    {
      title: `wait until ${options.origin} answers`,
      run: () => untilUp(options.origin, options.patience),
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

/** @throws CommandError with what wrangler said */
async function wrangler(args: readonly string[], done: string): Promise<string> {
  const { code, stdout, stderr } = await runWrangler(args)
  if (code !== 0)
    throw new CommandError(`wrangler ${args.join(' ')}: ${`${stdout}${stderr}`.trim()}`)
  return done
}

/**
 * The secrets go up right after the Worker, by standard input: until they are there, it answers that its settings are
 * incomplete, and makes nothing.
 */
async function deploy(secrets: object | undefined): Promise<string> {
  await wrangler(['deploy'], '')
  if (!secrets) return 'uploaded'
  const { code, stderr } = await runWrangler(['secret', 'bulk'], { input: JSON.stringify(secrets) })
  if (code !== 0) throw new CommandError(`wrangler did not take the secrets: ${stderr.trim()}`)
  return `uploaded, with ${Object.keys(secrets).length} secrets`
}

/** @throws CommandError with the last answer */
async function untilUp(origin: string, patience: number): Promise<string> {
  const start = Date.now()
  let last = 'nothing'
  while (Date.now() - start < patience) {
    try {
      const response = await fetch(`${origin}/xrpc/_health`, {
        signal: AbortSignal.timeout(REQUEST_TIMEOUT),
      })
      if (response.ok) return `answers after ${Math.round((Date.now() - start) / 1000)} s`
      last = `status ${response.status}`
    } catch (error) {
      last = error instanceof Error ? reasonOf(error) : String(error)
    }
    await sleep(Math.min(POLL, patience))
  }
  throw new CommandError(
    `${origin} does not answer (${last}). A new name takes some minutes until DNS and its certificate are there: run the ` +
      'command again, which goes on from here. If it stays so: npx wrangler tail, docs/troubleshooting.md.',
  )
}

const reasonOf = (error: Error): string =>
  error.cause instanceof Error ? error.cause.message : error.message

async function firstAccount(
  origin: string,
  raw: Parameters<typeof ensureFirstAccount>[1],
): Promise<string> {
  try {
    const first = await ensureFirstAccount(origin, raw)
    if (first === 'exists') return 'there is an account already'
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
