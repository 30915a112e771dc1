/** `codegen scopes`: what apps of a namespace need, from the tree as it is, and the permission set that says so. */
import { join } from 'node:path'
import { isValidNsid } from '@atproto/syntax'
import { isObject } from '../check/shape.ts'
import { type Diagnostic, hasErrors } from '../diagnostics.ts'
import { UsageError } from '../errors.ts'
import { type CheckedProject, loadChecked } from '../generate.ts'
import { LEXICONS, lexiconPath } from '../layout.ts'
import { lexiconText } from '../lexicon-text.ts'
import type { LexiconFile } from '../load.ts'
import { isOwn, namespaceOf } from '../own.ts'
import { byCodeUnits, readText } from '../tree.ts'
import { writeBelow } from '../write.ts'
import { type Derived, deriveScopes, owns, type SetPermission } from './derive.ts'

export interface ScopesResult {
  diagnostics: Diagnostic[]
  /** One for each namespace; empty while the lexicons have errors. */
  namespaces: (Derived & PermissionSet)[]
}

/** The permission set of a namespace. */
export interface PermissionSet {
  /** NSID of the one that is there, or would be. */
  set: string
  /** How its file compares with what was derived. */
  file: 'missing' | 'differs' | 'same'
}

export interface ScopesOptions {
  /** NSID of the permission set, where a namespace has several, or a name of one's own is wanted. */
  set?: string
}

/**
 * Derives the permissions of a namespace, or of all of one's own.
 *
 * @throws UsageError where there is nothing to derive from, or it is not clear which set is meant
 */
export async function scopesOf(
  root: string,
  namespace: string | undefined,
  { set }: ScopesOptions = {},
): Promise<ScopesResult> {
  if (set !== undefined && !isValidNsid(set)) throw new UsageError(`"${set}" is not an NSID`)
  const checked = await loadChecked(root)
  const { project, lexicons, shapes } = checked
  if (!lexicons) {
    return { diagnostics: checked.diagnostics.filter((one) => hasErrors([one])), namespaces: [] }
  }
  const wanted = namespace ?? (set && namespaceOf(set))
  const names = wanted === undefined ? ownNamespaces(root, checked) : [wanted]
  const handlers = project.handlers.map(({ path, nsid }) => ({
    path,
    nsid,
    shape: shapes.get(path),
  }))
  const namespaces = names.map((name) => {
    const derived = deriveScopes(name, lexicons, handlers)
    if (derived.permissions.length + derived.outside.length === 0 && wanted !== undefined) {
      throw new UsageError(
        `${LEXICONS}/ has no collection below ${name}, and no handler there demands anything`,
      )
    }
    return { ...derived, ...permissionSet(name, set, project.lexicons, derived.permissions) }
  })
  return { diagnostics: [], namespaces: namespaces.filter((one) => one.permissions.length > 0) }
}

/** Writes the permission set, or what has changed of it. @returns its path, relative to the root */
export async function writeSet(
  root: string,
  { set, namespace, permissions }: Derived & PermissionSet,
): Promise<string> {
  const path = lexiconPath(set)
  const text = readText(join(root, path))
  if (text === undefined) {
    writeBelow(root, LEXICONS, path, newSet(set, titleFor(namespace), permissions))
  } else {
    const { replacePermissions } = await import('./set-file.ts')
    writeBelow(root, LEXICONS, path, replacePermissions(text, permissions))
  }
  return path
}

/** Namespaces in which something of one's own is a collection or has a handler; the wider one has those below it. */
function ownNamespaces(root: string, { lexicons = [], project }: CheckedProject): string[] {
  const own = isOwn(root)
  const handled = new Set(project.handlers.map(({ nsid }) => nsid))
  const all = new Set(
    lexicons
      .filter(
        ({ nsid, doc, isBase }) =>
          !isBase && own(nsid) && (doc.defs.main?.type === 'record' || handled.has(nsid)),
      )
      .map(({ nsid }) => namespaceOf(nsid)),
  )
  return [...all].filter((name) => ![...all].some((other) => owns(other, name))).sort(byCodeUnits)
}

function permissionSet(
  namespace: string,
  wanted: string | undefined,
  files: readonly LexiconFile[],
  permissions: readonly SetPermission[],
): PermissionSet {
  const sets = files.filter(
    ({ nsid, json }) => namespaceOf(nsid) === namespace && mainOf(json)?.type === 'permission-set',
  )
  if (wanted !== undefined && namespaceOf(wanted) !== namespace) {
    throw new UsageError(
      `${wanted} is not directly below ${namespace}, and could not hold its permissions`,
    )
  }
  const [first, ...others] = sets
  if (wanted === undefined && others.length > 0) {
    const names = sets.map(({ nsid }) => nsid).join(', ')
    throw new UsageError(`${namespace} has several permission sets: name one by --set (${names})`)
  }
  const set = wanted ?? first?.nsid ?? `${namespace}.auth`
  const there = files.find(({ nsid }) => nsid === set)
  if (!there) return { set, file: 'missing' }
  const main = mainOf(there.json)
  if (main?.type !== 'permission-set') throw new UsageError(`${set} is no permission set`)
  const same = JSON.stringify(main.permissions) === JSON.stringify(permissions)
  return { set, file: same ? 'same' : 'differs' }
}

const mainOf = (json: unknown): Record<string, unknown> | undefined => {
  const defs = isObject(json) && isObject(json.defs) ? json.defs : {}
  return isObject(defs.main) ? defs.main : undefined
}

/** `com.example.guestbook` → `Guestbook`. */
function titleFor(namespace: string): string {
  const name = namespace.slice(namespace.lastIndexOf('.') + 1)
  return name.charAt(0).toUpperCase() + name.slice(1)
}

function newSet(id: string, title: string, permissions: readonly SetPermission[]): string {
  const main = { type: 'permission-set', title, permissions }
  return `${lexiconText({ lexicon: 1, id, defs: { main } })}\n`
}
