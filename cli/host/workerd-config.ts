/** What workerd is told: which modules, objects, services and networks there are. */
import { createRequire } from 'node:module'
import { dirname, relative } from 'node:path'
import { readConfig } from '../../src/kernel/config/config.ts'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { inUrl } from '../settings/local.ts'
import { type BundleModule, bundleModules } from './bundle.ts'
import { COMPATIBILITY } from './compatibility.ts'

/**
 * What an isolate may have of short-lived values before V8 collects them, in MB. As it grows to 32 MB by itself, which
 * costs 100 MB of memory and more under load and makes nothing faster that was measured, less is set here.
 */
const V8_SEMI_SPACE = 8

/**
 * When V8 collects all generations: first with so many MB of older values, then as soon as what was left has grown by so
 * many per cent (by 8 MB at least), buffers included. A request leaves 7 to 15 kB of workerd's own memory behind, which only
 * this collection frees and V8 knows nothing of, and the allocator gives nothing back: by V8's own limits, 32 MB and some
 * 120 %, buffers twice that, a process of one account takes 45 to 60 MB more.
 */
const V8_FIRST_LIMIT = 16
const V8_GROWTH = 60

const OBJECTS = {
  ACCOUNTS: 'AccountObject',
  DIRECTORY: 'DirectoryObject',
  SEQUENCER: 'SequencerObject',
  OAUTH: 'OAuthObject',
  INDEX: 'IndexObject',
  APP: 'AppObject',
} as const

/** A file that workerd loads. */
export type WorkerModule = Pick<BundleModule, 'name' | 'path' | 'type'>

const require = createRequire(import.meta.url)

/** The folder that `[assets]` in wrangler.toml names. */
const pagesFolder = (): string =>
  dirname(require.resolve('@atproto/oauth-provider-ui/bundle-manifest.json'))

/** Unix sockets of the services in this process. */
export interface Sockets {
  /** On which workerd listens. */
  control: string
  hasher: string
  disk: string
  mail: string | undefined
}

/** What the configuration is made of. */
interface ConfigOptions {
  dataDirectory: string
  port: number
  bind: string
  raw: RawSettings
  offline?: boolean
  modules?: readonly WorkerModule[]
}

/** The text of the configuration, in Cap'n Proto's notation. */
export function workerdConfig(
  { dataDirectory, port, bind, raw, offline = false, modules = bundleModules() }: ConfigOptions,
  sockets: Sockets,
): string {
  const objects = Object.entries(OBJECTS)
  const namespaces = objects.map(
    ([, className]) => `(className = "${className}", uniqueKey = "${className}", enableSql = true)`,
  )
  const bindings = [
    ...objects.map(
      ([name, className]) => `(name = "${name}", durableObjectNamespace = "${className}")`,
    ),
    '(name = "BLOB_DISK", service = "blobs")',
    '(name = "ASSETS", service = "pages")',
    '(name = "OPERATOR_NETWORK", service = "operator-network")',
    '(name = "PASSWORD_HASHER", service = "password-hasher")',
    '(name = "DISK_SPACE", service = "disk-space")',
    '(name = "PINNED_RUNTIME", text = "true")',
    ...(sockets.mail ? ['(name = "MAIL_RELAY", service = "mail-relay")'] : []),
    ...['UNKNOWN_SETTINGS', 'STUCK_AT', ...Object.keys(raw)].map(
      (name) => `(name = "${name}", fromEnvironment = "${name}")`,
    ),
  ]
  const { reachPrivate, memory } = readConfig({ ...raw })
  const v8Flags = [
    // For the Worker's entrypoint `Control`, which asks for a collection once the start is over.
    '--expose-gc',
    `--max-semi-space-size=${V8_SEMI_SPACE}`,
    `--initial-old-space-size=${V8_FIRST_LIMIT}`,
    `--heap-growing-percent=${V8_GROWTH}`,
    `--max-old-space-size=${memory}`,
  ]
  const embedded = modules.map(
    ({ name, path, type }) =>
      `(name = "${name}", ${type} = embed "${relative(dataDirectory, path)}")`,
  )
  const list = (items: string[]) => `[\n      ${items.join(',\n      ')}\n    ]`
  return `# Written by \`npm start\`; changes are lost.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  v8Flags = ${JSON.stringify(v8Flags)},
  services = [
    (name = "main", worker = .worker),
    (name = "objects", disk = (path = "objects", writable = true)),
    (name = "blobs", disk = (path = "blobs", writable = true)),
    (name = "pages", disk = (path = "${pagesFolder()}")),
    (name = "internet", network = ${offline ? NO_NETWORK : network(reachPrivate)}),
    (name = "operator-network", network = ${offline ? NO_NETWORK : network(true)}),
    (name = "password-hasher", external = (address = "unix:${sockets.hasher}", http = ())),
    (name = "disk-space", external = (address = "unix:${sockets.disk}", http = ()))${
      sockets.mail
        ? `,\n    (name = "mail-relay", external = (address = "unix:${sockets.mail}", http = ()))`
        : ''
    }
  ],
  sockets = [
    (name = "http", address = "${inUrl(bind)}:${port}", http = (), service = "main"),
    (name = "control", address = "unix:${sockets.control}", http = (),
      service = (name = "main", entrypoint = "Control"))
  ]
);

const worker :Workerd.Worker = (
  modules = ${list(embedded)},
  compatibilityDate = "${COMPATIBILITY.date}",
  compatibilityFlags = ${JSON.stringify(COMPATIBILITY.flags)},
  durableObjectNamespaces = ${list(namespaces)},
  durableObjectStorage = (localDisk = "objects"),
  bindings = ${list(bindings)}
);
`
}

const NO_NETWORK = '(allow = [])'

/**
 * What may be connected to. It is decided by address when the connection is made, so that a name which leads to a
 * private address is stopped as well, whenever it is looked up and whatever it led to before.
 */
export const network = (reachPrivate: boolean): string =>
  `(allow = [${reachPrivate ? '"public", "private", "local"' : '"public"'}], tlsOptions = (trustBrowserCas = true))`
