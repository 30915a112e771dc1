/**
 * The protocol's handlers in two modules instead of one each: they are small and share nearly all that they import, while each
 * module of the bundle takes 30 kB of memory from the start, and imports and exports of some bytes.
 */
import { readFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import type { Plugin } from 'esbuild'
import { PACKAGE_ROOT } from '../bundle.ts'

/** Where the handlers of this package are named; those of a project, which may fail to load, each stay by themselves. */
const ROUTES = join(PACKAGE_ROOT, 'src', 'generated', `routes${extname(import.meta.filename)}`)

/** `import('../handlers/com/atproto/server/getSession.ts')`; the first group of the name is the module that it comes into. */
const HANDLER = /\bimport\((['"])(\.\.\/handlers\/(com\/atproto|app\/bsky)\/[\w/]+\.[jt]s)\1\)/g

const NAMESPACE = 'handler-group'

/** @param routes path of the generated routes */
export const handlerGroups = (routes = ROUTES): Plugin => ({
  name: 'handler groups',
  setup(build) {
    const groups = new Map<string, string[]>()
    build.onLoad({ filter: /[\\/]routes\.[jt]s$/ }, ({ path }) => {
      if (path !== routes) return undefined
      groups.clear()
      const contents = readFileSync(path, 'utf8').replace(
        HANDLER,
        (_import, _quote, file: string, group: string) => {
          const files = groups.get(group) ?? []
          groups.set(group, files)
          return `import('${NAMESPACE}:${group}').then((group) => group.handler${files.push(file) - 1})`
        },
      )
      return { contents, loader: 'ts', resolveDir: dirname(path) }
    })
    build.onResolve({ filter: new RegExp(`^${NAMESPACE}:`) }, ({ path, resolveDir }) => ({
      path: path.slice(NAMESPACE.length + 1),
      namespace: NAMESPACE,
      pluginData: resolveDir,
    }))
    build.onLoad({ filter: /./, namespace: NAMESPACE }, ({ path, pluginData }) => ({
      contents: (groups.get(path) ?? [])
        .map((file, at) => `export * as handler${at} from '${file}'`)
        .join('\n'),
      resolveDir: String(pluginData),
    }))
  },
})
