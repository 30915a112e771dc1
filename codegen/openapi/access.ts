/** What handlers say of their callers. Their modules are loaded for it, but not called. */
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Access, accessOf, type DescribedDefinition } from '../../src/server/access.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { HandlerFile } from '../load.ts'

/** What workerd has and Node has not; nothing of it is used while a module is loaded. */
const CLOUDFLARE = `data:text/javascript,${encodeURIComponent(
  'export class DurableObject {}; export class WorkerEntrypoint {}; export class RpcTarget {}; export const env = {}',
)}`

export interface KnownAccess {
  access: Map<string, Access>
  diagnostics: Diagnostic[]
}

/** Reads the definitions of handlers; what cannot be loaded in Node is told and left out. */
export async function readAccess(
  root: string,
  handlers: readonly HandlerFile[],
): Promise<KnownAccess> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier.startsWith('cloudflare:')
        ? { url: CLOUDFLARE, shortCircuit: true }
        : next(specifier, context),
  })
  const access = new Map<string, Access>()
  const diagnostics: Diagnostic[] = []
  try {
    for (const { path, nsid } of handlers) {
      try {
        const module: { default: DescribedDefinition } = await import(
          pathToFileURL(join(root, path)).href
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
