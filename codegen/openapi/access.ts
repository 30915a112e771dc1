/** What handlers say of their callers. Their modules are loaded for it, but not called. */

import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Access, accessOf, type DescribedDefinition } from '../../src/server/access.ts'
import { baseFolder } from '../base.ts'
import type { Diagnostic } from '../diagnostics.ts'
import { handlerPath } from '../layout.ts'
import type { Project } from '../load.ts'

/** What workerd has and Node has not; nothing of it is used while a module is loaded. */
const CLOUDFLARE = `data:text/javascript,${encodeURIComponent(
  'export class DurableObject {}; export class WorkerEntrypoint {}; export class RpcTarget {}; export const env = {}',
)}`

export interface KnownAccess {
  access: Map<string, Access>
  diagnostics: Diagnostic[]
}

/** Reads the definitions of the handlers of `names`; what cannot be loaded in Node is told and left out. */
export async function readAccess(
  { root, handlers, base }: Project,
  names: ReadonlySet<string>,
): Promise<KnownAccess> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier.startsWith('cloudflare:')
        ? { url: CLOUDFLARE, shortCircuit: true }
        : next(specifier, context),
  })
  // A project's own handler takes the place of the package's.
  const folder = baseFolder(root)
  const handlerFiles = new Map(
    folder === undefined
      ? []
      : [...(base?.handled ?? [])].map((nsid) => [nsid, builtIn(folder, nsid)]),
  )
  for (const { nsid, path } of handlers) handlerFiles.set(nsid, path)
  for (const nsid of handlerFiles.keys()) if (!names.has(nsid)) handlerFiles.delete(nsid)

  const access = new Map<string, Access>()
  const diagnostics: Diagnostic[] = []
  try {
    for (const [nsid, path] of handlerFiles) {
      try {
        const module: { default: DescribedDefinition } = await import(
          pathToFileURL(resolve(root, path)).href
        )
        access.set(nsid, accessOf(module.default))
      } catch (error) {
        const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
        const message = `who may call is not known, since it does not load outside of workerd: ${reason}`
        diagnostics.push({ severity: 'warning', file: path, message })
      }
    }
  } finally {
    hooks.deregister()
  }
  return { access, diagnostics }
}

/** A handler of the package: JavaScript, where it is not this repository. */
function builtIn(folder: string, nsid: string): string {
  const path = join(folder, handlerPath(nsid))
  return existsSync(path) ? path : path.replace(/\.ts$/, '.js')
}
