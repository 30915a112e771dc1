/** The production bundle as Cloudflare runs it: with buckets of R2 and Cron triggers, by Miniflare. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { BUNDLE, bundleModules, ensureBundle } from '../../cli/host/bundle.ts'
import { COMPATIBILITY } from '../../cli/host/compatibility.ts'
import { makeSecrets } from '../../cli/settings/local.ts'
import { freePort, type TestServer } from './server.ts'

export interface CloudflareHost extends Pick<TestServer, 'origin' | 'dataDirectory'> {
  secrets: Record<string, string | undefined>
  /** Does what a Cron trigger does. @returns its outcome */
  trigger(): Promise<string>
  /** The same host with other settings. */
  change(env: Record<string, string>): Promise<void>
  /** Names of what is in the bucket for backups. */
  backups(): Promise<string[]>
  /** Reads a file of it. */
  read(name: string): Promise<string>
  write(name: string, text: string): Promise<void>
  remove(name: string): Promise<void>
  /** What the program finds it by, as `s3://backups`. */
  s3: Record<string, string>
  stop(): Promise<void>
}

const S3 = { accessKeyId: 'key', secretAccessKey: 'the secret of the key' }

const MODULE_TYPES = {
  esModule: 'ESModule',
  text: 'Text',
  data: 'Data',
  wasm: 'CompiledWasm',
} as const

type Listing = { objects: { key: string }[] }

/** @param env settings */
export async function startOnCloudflare(env: Record<string, string>): Promise<CloudflareHost> {
  ensureBundle(() => undefined)
  const dataDirectory = mkdtempSync(join(tmpdir(), 'cumulus-'))
  const secrets = makeSecrets({})
  writeFileSync(join(dataDirectory, 'secrets.json'), JSON.stringify(secrets))
  const objects = {
    ACCOUNTS: 'Account',
    DIRECTORY: 'Directory',
    SEQUENCER: 'Sequencer',
    OAUTH: 'OAuth',
    INDEX: 'Index',
    APP: 'App',
  }
  // Of its own, so that it stays the same when settings change.
  const port = await freePort()
  const optionsWith = (bindings: Record<string, string>) =>
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port,
      modules: bundleModules().map(({ type, path }) => ({ type: MODULE_TYPES[type], path })),
      modulesRoot: dirname(BUNDLE),
      compatibilityDate: COMPATIBILITY.date,
      compatibilityFlags: [...COMPATIBILITY.flags],
      bindings: { ...secrets, ...bindings } as Record<string, string>,
      r2Buckets: { BLOBS: 'blobs', BACKUPS: { id: 'backups', s3Credentials: S3 } },
      durableObjects: Object.fromEntries(
        Object.entries(objects).map(([binding, name]) => [
          binding,
          { className: `${name}Object`, useSQLite: true },
        ]),
      ),
      unsafeTriggerHandlers: true,
    })
  const miniflare = new Miniflare(optionsWith(env))
  const origin = (await miniflare.ready).origin
  const bucket = () => miniflare.getR2Bucket('BACKUPS')
  const backups = async () =>
    ((await (await bucket()).list()) as Listing).objects.map(({ key }) => key)
  const read = async (name: string) => {
    const object = await (await bucket()).get(name)
    if (!object) throw new Error(`there is no ${name}`)
    return Buffer.from(await object.arrayBuffer())
  }
  return {
    origin,
    dataDirectory,
    secrets,
    async trigger() {
      const worker = await miniflare.getWorker()
      return (await worker.scheduled({ cron: '17 * * * *' })).outcome
    },
    change: (changed) => miniflare.setOptions(optionsWith({ ...env, ...changed })),
    backups,
    read: async (name) => (await read(name)).toString(),
    async write(name, text) {
      await (await bucket()).put(name, text)
    },
    async remove(name) {
      await (await bucket()).delete(name)
    },
    s3: {
      AWS_ENDPOINT_URL: `${origin}/cdn-cgi/local/r2/s3`,
      AWS_REGION: 'auto',
      AWS_ACCESS_KEY_ID: S3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: S3.secretAccessKey,
    },
    stop: () => miniflare.dispose(),
  }
}
