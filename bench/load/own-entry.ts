/** The production server with more in it, on plain workerd: for what is measured inside it, with rows in the place of accounts. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { wranglerBundling } from '../../cli/dev/bundle/wrangler-options.ts'
import { compressedTexts } from '../../cli/host/build/compressed-texts.ts'
import { standIns } from '../../cli/host/build/stand-ins.ts'
import { type BundleModule, bundleModules, ROOT } from '../../cli/host/bundle.ts'
import { startWorkerd } from '../../cli/host/workerd.ts'

export interface OwnBundle {
  modules: BundleModule[]
  remove(): void
}

/** Builds the server from another entry. @param entry from the root of the project */
export async function bundleOf(entry: string): Promise<OwnBundle> {
  const folder = mkdtempSync(join(tmpdir(), 'cumulus-load-'))
  const { files, options, plugin } = wranglerBundling(ROOT)
  const texts = new Map<string, Uint8Array>()
  const { outputFiles } = await build({
    ...options,
    entryPoints: { worker: join(ROOT, entry) },
    outdir: folder,
    chunkNames: '[name]-[hash]',
    splitting: true,
    minify: true,
    write: false,
    plugins: [standIns, compressedTexts(texts), plugin],
  })
  for (const { path, contents } of outputFiles) writeFileSync(path, contents)
  for (const [name, bytes] of texts) writeFileSync(join(folder, name), bytes)
  for (const { name, path } of files.values()) {
    writeFileSync(join(folder, basename(name)), readFileSync(path))
  }
  return {
    modules: bundleModules(join(folder, 'worker.js')),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** ms of CPU of a process so far, and its resident MB. */
export function usage(pid: number): { cpu: number; mb: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  const ticks = Number(fields[11]) + Number(fields[12])
  const pages = Number(fields[21])
  return { cpu: ticks * 10, mb: (pages * 4096) / 1e6 }
}

export const bytesOf = (directory: string): number =>
  readdirSync(directory, { recursive: true, withFileTypes: true }).reduce(
    (sum, entry) =>
      entry.isFile() ? sum + statSync(join(entry.parentPath, entry.name)).size : sum,
    0,
  )

/** "median / 99th percentile", in ms. */
export function spread(ages: readonly number[]): string {
  const sorted = ages.toSorted((one, other) => one - other)
  const at = (part: number) => sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN
  return `${at(0.5)} / ${at(0.99)}`
}

/** Starts it with data in a folder. */
export function startOwn(
  modules: BundleModule[],
  dataDirectory: string,
  settings: Record<string, string>,
) {
  const secret = 'a secret of the bench only, 0123456789abcdef'
  return startWorkerd({
    ...{ dataDirectory, port: 0, bind: '127.0.0.1', modules, output: 'inherit' },
    raw: {
      ...{ PDS_JWT_SECRET: secret, PDS_KEY_SECRET: '11'.repeat(32) },
      ...{ PDS_ADMIN_PASSWORD: secret, PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '22'.repeat(32) },
      ...{ PDS_CRAWLERS: 'none', PDS_BSKY_APP_VIEW_URL: 'none', PDS_CHAT_URL: 'none' },
      ...{ LOG_LEVEL: 'error', ...settings },
    },
  })
}
