/**
 * How `wrangler deploy` bundles a Worker, for esbuild that is run here: a change takes wrangler seconds. All that is known about
 * it is in this file; test/dev-bundle.test.ts holds it against wrangler.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { getCloudflarePreset, nonPrefixedNodeModules } from '@cloudflare/unenv-preset'
import type { BuildOptions, OnResolveArgs, Plugin, PluginBuild } from 'esbuild'
import { defineEnv } from 'unenv'
import { COMPATIBILITY } from '../../host/compatibility.ts'
import type { WorkerModule } from '../../host/workerd-config.ts'
import { cloudflareFiles, readWranglerConfig } from '../../setup/cloudflare-files.ts'
import { CommandError } from '../../terminal/errors.ts'

export interface WranglerBundling {
  /** Absolute path of the entry. */
  entry: string
  options: BuildOptions
  /** Names that lead to stand-ins, to their absolute paths. */
  aliases: ReadonlyMap<string, string>
  /** Files that are modules of their own, by the path that they were found at; grows with each build. */
  files: ReadonlyMap<string, WorkerModule>
  /** What each build of this Worker needs, after plugins that decide otherwise. */
  plugin: Plugin
}

/** Kinds of files that wrangler does not put into the bundle. */
const FILE_TYPES: readonly (readonly [RegExp, WorkerModule['type']])[] = [
  [/\.(txt|html|sql)$/, 'text'],
  [/\.bin$/, 'data'],
  [/\.wasm(\?module)?$/, 'wasm'],
]

/** Reads wrangler.toml of `root`. @throws CommandError for what only wrangler itself can bundle */
export function wranglerBundling(root: string): WranglerBundling {
  const config = readWranglerConfig(cloudflareFiles(root).config)
  const require = createRequire(join(root, 'package.json'))
  const aliases = new Map(
    Object.entries(config.alias ?? {}).map(([name, target]) => [name, require.resolve(target)]),
  )
  const files = new Map<string, WorkerModule>()
  const node = nodeSupport(
    config.compatibility_date ?? COMPATIBILITY.date,
    config.compatibility_flags,
  )
  const setup = (build: PluginBuild) => {
    resolveAliases(build, aliases)
    keepFiles(build, files)
    resolveNode(build, node)
    build.onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, external: true }))
  }
  const environment = '"production"'
  return {
    entry: resolve(root, config.main ?? 'src/worker.ts'),
    aliases,
    files,
    plugin: { name: 'as wrangler does', setup },
    options: {
      absWorkingDir: root,
      bundle: true,
      format: 'esm',
      target: 'es2024',
      supported: { 'import-source': true, using: true },
      conditions: ['workerd', 'worker', 'browser'],
      loader: { '.js': 'jsx', '.mjs': 'jsx', '.cjs': 'jsx' },
      keepNames: config.keep_names ?? true,
      define: {
        'navigator.userAgent': '"Cloudflare-Workers"',
        'process.env.NODE_ENV': environment,
        'global.process.env.NODE_ENV': environment,
        'globalThis.process.env.NODE_ENV': environment,
        ...config.define,
      },
      external: ['__STATIC_CONTENT_MANIFEST'],
      metafile: true,
      logLevel: 'silent',
    },
  }
}

const exactly = (names: Iterable<string>): RegExp =>
  new RegExp(`^(${[...names].map((name) => name.replace(/[^\w]/g, '\\$&')).join('|')})$`)

function resolveAliases(build: PluginBuild, aliases: ReadonlyMap<string, string>): void {
  build.onResolve({ filter: exactly(aliases.keys()) }, ({ path }) => {
    const target = aliases.get(path)
    return target === undefined ? undefined : { path: target }
  })
}

/** Modules of text and bytes, with a hash of what is in them in their names. */
function keepFiles(build: PluginBuild, files: Map<string, WorkerModule>): void {
  for (const [filter, type] of FILE_TYPES) {
    build.onResolve({ filter }, async (args) => {
      if (args.pluginData === PLAIN) return undefined
      const path = await plainPath(build, args)
      if (path === undefined) return undefined
      const hash = createHash('sha1').update(readFileSync(path)).digest('hex')
      const name = `${hash}-${basename(path)}`
      files.set(path, { name, path, type })
      return { path: `./${name}`, external: true, watchFiles: [path] }
    })
  }
}

const PLAIN = Symbol('without plugins')

/** Where esbuild itself finds it, without a query. */
async function plainPath(
  build: PluginBuild,
  { path, kind, importer, resolveDir }: OnResolveArgs,
): Promise<string | undefined> {
  const wanted = path.replace(/\?module$/, '')
  const found = await build.resolve(wanted, { kind, importer, resolveDir, pluginData: PLAIN })
  return found.errors.length > 0 ? undefined : found.path
}

interface NodeSupport {
  /** Absolute paths, or names that workerd has itself. */
  aliases: ReadonlyMap<string, { path: string; external: boolean; unenv: boolean }>
}

/** The modules of Node that workerd has, and stand-ins for what it has not, as of `nodejs_compat`. @throws CommandError */
function nodeSupport(date: string, flags: readonly string[] = []): NodeSupport {
  const preset = getCloudflarePreset({ compatibilityDate: date, compatibilityFlags: [...flags] })
  const { env } = defineEnv({ presets: [preset, { alias: { debug: 'debug' } }], npmShims: true })
  if (Object.keys(env.inject).length > 0 || env.polyfill.length > 0) {
    throw new CommandError(
      `compatibility_date = "${date}" in wrangler.toml is too old for cumulus dev: workerd of that day lacked what Node has. ` +
        `${COMPATIBILITY.date} does it.`,
    )
  }
  const require = createRequire(dirname(import.meta.filename))
  const aliases = Object.entries(env.alias).flatMap(([name, target]) => {
    try {
      const external = env.external.includes(target)
      const path = external ? target : require.resolve(target)
      return [[name, { path, external, unenv: /^unenv\/(npm|mock)\//.test(target) }] as const]
    } catch {
      return []
    }
  })
  return { aliases: new Map(aliases) }
}

const REQUIRED_NODE = 'required-node'
const REQUIRED_UNENV = 'required-unenv'

/** `require` of what is a module becomes a module of its own, as CommonJS cannot import. */
function resolveNode(build: PluginBuild, { aliases }: NodeSupport): void {
  const builtin = new RegExp(`^(${nonPrefixedNodeModules.join('|')}|node:.+)$`)
  build.onResolve({ filter: builtin }, ({ path, kind }) =>
    kind === 'require-call' ? { path, namespace: REQUIRED_NODE } : undefined,
  )
  build.onLoad({ filter: /.*/, namespace: REQUIRED_NODE }, ({ path }) => ({
    contents: `import inner from '${path}'\nmodule.exports = inner`,
    loader: 'js',
  }))
  build.onResolve({ filter: exactly(aliases.keys()) }, ({ path, kind }) => {
    const alias = aliases.get(path)
    if (!alias) return undefined
    if (kind === 'require-call' && alias.unenv) return { path, namespace: REQUIRED_UNENV }
    return { path: alias.path, external: alias.external }
  })
  build.onLoad({ filter: /.*/, namespace: REQUIRED_UNENV }, ({ path }) => ({
    contents: `import * as esm from '${path}'
module.exports = Object.entries(esm)
  .filter(([name]) => name !== 'default')
  .reduce((cjs, [name, value]) => Object.defineProperty(cjs, name, { value, enumerable: true }), 'default' in esm ? esm.default : {})`,
    loader: 'js',
    resolveDir: dirname(import.meta.filename),
  }))
  build.onResolve({ filter: builtin }, ({ path }) => ({ path, external: true }))
}
