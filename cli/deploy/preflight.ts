/** What is looked at before anything is deployed: each finding says what mends it. */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { bundleModules, ensureBundle } from '../host/bundle.ts'
import { reasonIn, runWrangler } from '../host/wrangler.ts'
import { makeSecrets } from '../settings/local.ts'
import { routesFor, secretsOnWorker, uploadable } from '../setup/cloudflare.ts'
import type { WranglerConfig } from '../setup/cloudflare-files.ts'
import { uncoveredDomains, zoneOf } from '../setup/names.ts'
import { CommandError } from '../terminal/errors.ts'

/** Compressed bytes that Cloudflare takes of a Worker on the free plan. */
const MAX_SIZE = 3 * 1024 * 1024

export interface Finding {
  /** What was looked at. */
  name: string
  /** `todo`: the deployment does it. */
  state: 'ok' | 'todo' | 'warning' | 'error'
  /** What was found, and what helps. */
  text: string
  /** Of the secrets: which the Worker has not got. */
  missing?: readonly string[]
}

export interface Deployment {
  config: WranglerConfig
  secrets: RawSettings
  hostname: string
  handleDomains: string[]
}

/** Looks at everything, also when one finding is an error: so that all are mended at once. */
export async function preflight(deployment: Deployment): Promise<Finding[]> {
  const local = [
    names(deployment),
    routes(deployment),
    certificate(deployment),
    migrations(deployment),
  ]
  const signedIn = await isSignedIn()
  if (signedIn.state === 'error') return [...local, signedIn, size()]
  const [buckets, uploaded] = await Promise.all([bucketsThere(deployment), secrets(deployment)])
  return [...local, signedIn, ...buckets, uploaded, size()]
}

function names({ hostname }: Deployment): Finding {
  return hostname
    ? { name: 'host name', state: 'ok', text: hostname }
    : {
        name: 'host name',
        state: 'error',
        text: 'PDS_HOSTNAME is not in wrangler.toml: npx cumulus init --target cloudflare',
      }
}

function routes({ config, hostname, handleDomains }: Deployment): Finding {
  const name = 'routes'
  const there = new Set((config.routes ?? []).map(({ pattern }) => pattern))
  const missing = routesFor(hostname, handleDomains.join(',')).filter(
    ({ pattern }) => !there.has(pattern),
  )
  if (missing.length === 0) return { name, state: 'ok', text: [...there].join(', ') }
  const patterns = missing.map(({ pattern }) => pattern).join(', ')
  return {
    name,
    state: 'error',
    text: `wrangler.toml does not route ${patterns}: npx cumulus init --target cloudflare`,
  }
}

function certificate({ hostname, handleDomains }: Deployment): Finding {
  const name = 'certificate'
  const zone = zoneOf(hostname)
  const uncovered = uncoveredDomains(handleDomains, zone)
  if (uncovered.length === 0) return { name, state: 'ok', text: `the free one covers *.${zone}` }
  const deep = uncovered.map((domain) => `*${domain}`).join(', ')
  return {
    name,
    state: 'warning',
    text: `the free one does not cover ${deep}: order an advanced certificate, or give out handles under .${zone}`,
  }
}

/** A class that no migration makes cannot be bound. */
function migrations({ config }: Deployment): Finding {
  const name = 'migrations'
  const made = new Set((config.migrations ?? []).flatMap((entry) => entry.new_sqlite_classes ?? []))
  const classes = (config.durable_objects?.bindings ?? []).map(({ class_name }) => class_name)
  const missing = classes.filter((entry) => !made.has(entry))
  return missing.length === 0
    ? { name, state: 'ok', text: classes.join(', ') }
    : {
        name,
        state: 'error',
        text: `no [[migrations]] in wrangler.toml makes ${missing.join(', ')}`,
      }
}

async function isSignedIn(): Promise<Finding> {
  const name = 'wrangler'
  const { code, stdout, stderr } = await runWrangler(['whoami', '--json'])
  if (code === 0 && !/"loggedIn":\s*false/.test(stdout))
    return { name, state: 'ok', text: 'signed in' }
  const said = reasonIn(stdout, stderr)
  return {
    name,
    state: 'error',
    text: `not signed in to Cloudflare: npx wrangler login (wrangler said: ${said})`,
  }
}

export const bucketOf = (
  { r2_buckets = [] }: WranglerConfig,
  wanted: 'BLOBS' | 'BACKUPS',
): string | undefined => r2_buckets.find(({ binding }) => binding === wanted)?.bucket_name

async function bucketsThere({ config }: Deployment): Promise<Finding[]> {
  const { code, stdout, stderr } = await runWrangler(['r2', 'bucket', 'list'])
  const said = reasonIn(stdout, stderr)
  const names = stdout.split('\n').map((line) => /^name:\s+(.*?)\s*$/.exec(line)?.[1])
  const finding = (name: string, binding: 'BLOBS' | 'BACKUPS'): Finding => {
    const wanted = bucketOf(config, binding)
    if (!wanted) {
      const text = `wrangler.toml has no [[r2_buckets]] with the binding ${binding}`
      return { name, state: 'error', text }
    }
    if (code !== 0) {
      const text = `R2 does not answer: switch it on in the dashboard (R2 Object Storage). wrangler said: ${said}`
      return { name, state: 'error', text }
    }
    return names.includes(wanted)
      ? { name, state: 'ok', text: `bucket ${wanted}` }
      : { name, state: 'todo', text: `makes the bucket ${wanted}` }
  }
  const blobs = finding('blob store', 'BLOBS')
  const hasTrigger = (config.triggers?.crons ?? []).length > 0
  const hasRecipient = Boolean(config.vars?.PDS_BACKUP_RECIPIENT)
  if (!hasTrigger && !hasRecipient) return [blobs]
  const problem = hasTrigger
    ? 'wrangler.toml has [triggers], and no PDS_BACKUP_RECIPIENT to encrypt for: remove the one, or add the other'
    : 'PDS_BACKUP_RECIPIENT is set, and wrangler.toml has no [triggers]: nothing would be backed up'
  if (hasTrigger !== hasRecipient) {
    const text = `${problem} (npx cumulus init --target cloudflare --backup-recipient age1…)`
    return [blobs, { name: 'backups', state: 'error', text }]
  }
  return [blobs, finding('backups', 'BACKUPS')]
}

async function secrets({ secrets: here }: Deployment): Promise<Finding> {
  const name = 'secrets'
  let there: string[]
  try {
    there = await secretsOnWorker()
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return { name, state: 'error', text: error.message }
  }
  const missing = missingSecrets(there)
  if (missing.length === 0) return { name, state: 'ok', text: 'on the Worker' }
  const lacking = missing.filter((entry) => !(entry in uploadable(here)))
  return lacking.length === 0
    ? { name, state: 'todo', text: `uploads ${missing.join(', ')}`, missing }
    : {
        name,
        state: 'error',
        text: `nowhere to be found: ${lacking.join(', ')}: npx cumulus init --target cloudflare`,
      }
}

const missingSecrets = (there: readonly string[]): string[] =>
  Object.keys(makeSecrets({})).filter((entry) => !there.includes(entry))

function size(): Finding {
  ensureBundle(() => undefined)
  const modules = bundleModules().map(({ path }) => readFileSync(path))
  const bytes = gzipSync(Buffer.concat(modules)).byteLength
  const text = `${Math.round(bytes / 1024)} KiB compressed, of ${MAX_SIZE / 1024}`
  return { name: 'size', state: bytes > MAX_SIZE ? 'error' : 'ok', text }
}
