/** The bundle as wrangler uploads it: modules that are there already, with a configuration that says so. */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { BUNDLE, bundleModules, ensureBundle, ROOT } from '../host/bundle.ts'
import type { WranglerConfig } from '../setup/cloudflare-files.ts'

/**
 * Puts what is uploaded into a folder of its own, as wrangler takes every file that it finds beside the entry.
 *
 * @param config of the project
 * @returns the path of the configuration, for `wrangler deploy --config`, and what removes the folder
 */
export function stageUpload(config: WranglerConfig): { config: string; remove(): void } {
  ensureBundle(() => undefined)
  const folder = join(dirname(BUNDLE), `upload-${process.pid}`)
  const modules = join(folder, 'modules')
  mkdirSync(modules, { recursive: true })
  for (const { name, path } of bundleModules()) copyFileSync(path, join(modules, name))
  const file = join(folder, 'wrangler.json')
  writeFileSync(file, JSON.stringify(forModules(config)))
  return { config: file, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** The project's configuration, without what says how to bundle; paths are seen from the folder. */
function forModules(config: WranglerConfig): object {
  const { alias: _, define: __, keep_names: ___, minify: ____, ...rest } = config
  const { assets } = config
  return {
    ...rest,
    main: join('modules', basename(BUNDLE)),
    no_bundle: true,
    find_additional_modules: true,
    rules: [{ type: 'ESModule', globs: ['**/*.js'] }],
    ...(assets ? { assets: { ...assets, directory: resolve(ROOT, assets.directory) } } : {}),
  }
}
