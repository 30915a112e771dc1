/**
 * The smallest set of permissions that the handlers and collections of a namespace need (atproto Permission spec).
 * Pure.
 */
import { scopeOf } from '../../src/server/access.ts'
import { isObject } from '../check/shape.ts'
import { closure, type DefTable, defTable } from '../closure.ts'
import type { HandlerShape, Need } from '../handlers/shape.ts'
import type { Lexicon } from '../load.ts'
import { byCodeUnits } from '../tree.ts'

/** A permission as a permission set has it. */
export interface SetPermission {
  type: 'permission'
  resource: 'repo' | 'rpc'
  collection?: string[]
  action?: string[]
  lxm?: string[]
  aud?: '*'
  inheritAud?: true
}

/** A scope that no permission set can hold, and whose handler or collection it is for. */
export interface Outside {
  scope: string
  because: string
}

export interface Derived {
  namespace: string
  /** What a permission set of the namespace can hold. */
  permissions: SetPermission[]
  /** What an app has to ask for beside it: blobs, other namespaces, the account. */
  outside: Outside[]
  /** Handlers whose `oauth` works out what it demands: what that may be is not in here. */
  unread: string[]
}

/** A handler file with its shape. */
export interface ReadHandler {
  path: string
  nsid: string
  shape: HandlerShape | undefined
}

const ACTIONS = ['create', 'update', 'delete']

/** Whether an NSID is one that a permission set of the namespace may name. */
export const owns = (namespace: string, nsid: string): boolean => nsid.startsWith(`${namespace}.`)

/** @param namespace what a permission set's NSID is without its last part, such as `com.example.guestbook` */
export function deriveScopes(
  namespace: string,
  lexicons: readonly Lexicon[],
  handlers: readonly ReadHandler[],
): Derived {
  const found = new Needs(namespace)
  const table = defTable(lexicons)
  const collections = lexicons.filter(
    ({ nsid, doc }) => owns(namespace, nsid) && doc.defs.main?.type === 'record',
  )
  for (const { nsid } of collections) {
    for (const action of ACTIONS) found.repo(nsid, action, nsid)
    for (const mime of blobsIn(nsid, table)) found.blob(mime, nsid)
  }
  const unread: string[] = []
  for (const { path, nsid, shape } of handlers) {
    const { export: exported } = shape ?? {}
    if (!owns(namespace, nsid) || exported?.is !== 'definition' || !exported.oauth) continue
    if (exported.oauth.open) unread.push(path)
    for (const need of exported.oauth.needs) found.add(need, path)
  }
  return { namespace, ...found.result(), unread }
}

/** Collects needs, each once. */
class Needs {
  readonly #namespace: string
  /** Actions by collection. */
  readonly #repo = new Map<string, Set<string>>()
  readonly #rpc = new Set<string>()
  readonly #mimes = new Map<string, string>()
  /** Who needs it, by scope. */
  readonly #outside = new Map<string, string>()

  constructor(namespace: string) {
    this.#namespace = namespace
  }

  add(need: Need, because: string): void {
    const { repo, rpc, blob, action, aud } = need
    if (repo !== undefined) this.repo(repo, action ?? 'create', because)
    else if (blob !== undefined) this.blob(blob, because)
    else if (rpc !== undefined && aud === undefined && owns(this.#namespace, rpc)) {
      this.#rpc.add(rpc)
    } else this.#beside(need, because)
  }

  repo(collection: string, action: string, because: string): void {
    if (!owns(this.#namespace, collection)) {
      this.#beside({ repo: collection, action }, because)
      return
    }
    this.#repo.set(collection, (this.#repo.get(collection) ?? new Set()).add(action))
  }

  blob(mime: string, because: string): void {
    if (!this.#mimes.has(mime)) this.#mimes.set(mime, because)
  }

  #beside(need: Need, because: string): void {
    const scope = scopeOf(need)
    if (scope !== undefined && !this.#outside.has(scope)) this.#outside.set(scope, because)
  }

  result(): Pick<Derived, 'permissions' | 'outside'> {
    for (const [mime, because] of this.#mimes) {
      if (!isCovered(mime, this.#mimes)) this.#beside({ blob: mime }, because)
    }
    const outside = [...this.#outside].map(([scope, because]) => ({ scope, because }))
    return { permissions: [...this.#records(), ...this.#calls()], outside }
  }

  /** One permission for all collections that may be written the same way. */
  #records(): SetPermission[] {
    const byActions = new Map<string, string[]>()
    for (const [collection, allowed] of [...this.#repo].sort(([a], [b]) => byCodeUnits(a, b))) {
      const actions = ACTIONS.filter((action) => allowed.has(action)).join()
      byActions.set(actions, [...(byActions.get(actions) ?? []), collection])
    }
    return [...byActions].map(([actions, collection]) => ({
      type: 'permission',
      resource: 'repo',
      collection,
      ...(actions !== ACTIONS.join() && { action: actions.split(',') }),
    }))
  }

  #calls(): SetPermission[] {
    if (this.#rpc.size === 0) return []
    const lxm = [...this.#rpc].sort(byCodeUnits)
    return [{ type: 'permission', resource: 'rpc', lxm, inheritAud: true }]
  }
}

/** MIME patterns of the blobs that a record may have. */
function blobsIn(collection: string, table: DefTable): string[] {
  const found = new Set<string>()
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) for (const item of node) walk(item)
    if (!isObject(node)) return
    if (node.type === 'blob') {
      const accept = Array.isArray(node.accept) ? node.accept : ['*/*']
      for (const mime of accept) found.add(String(mime))
    }
    for (const value of Object.values(node)) if (typeof value === 'object') walk(value)
  }
  for (const id of closure([`${collection}#main`], table)) walk(table.get(id)?.def)
  return [...found].sort(byCodeUnits)
}

/** Whether another pattern has it already. */
const isCovered = (mime: string, all: ReadonlyMap<string, unknown>): boolean =>
  mime !== '*/*' &&
  (all.has('*/*') || (!mime.endsWith('/*') && all.has(mime.replace(/\/.*/, '/*'))))
