import { type ArgsDef, defineCommand } from 'citty'
import { EXIT } from '../errors.ts'
import { escapeControls } from '../escape-controls.ts'
import { lexiconPath } from '../layout.ts'
import { lexiconText } from '../lexicon-text.ts'
import { changeLine, printDiagnostics, printJson } from '../report.ts'
import type { Derived } from '../scopes/derive.ts'
import type { PermissionSet } from '../scopes/scopes.ts'
import { audienceOf, fullScope, includeScope } from '../scopes/strings.ts'
import { jsonOption, refuseUnknown, rootOption } from './options.ts'

const args = {
  namespace: {
    type: 'positional',
    description: 'Such as com.example.guestbook; without: every namespace of your own',
    required: false,
  },
  set: {
    type: 'string',
    valueHint: 'nsid',
    description:
      'The permission set, if it is not the only one of the namespace, or not called auth',
  },
  host: {
    type: 'string',
    valueHint: 'hostname',
    description: 'The host whose methods are called; without: any',
  },
  write: { type: 'boolean', description: 'Write the permissions into the permission set' },
  ...jsonOption,
  ...rootOption,
} as const satisfies ArgsDef

export default defineCommand({
  meta: {
    name: 'scopes',
    description: 'Derive the permissions that an app of a namespace needs',
  },
  args,
  async run({ args: given }) {
    refuseUnknown(given, args)
    const { scopesOf, writeSet } = await import('../scopes/scopes.ts')
    const { diagnostics, namespaces } = await scopesOf(given.root, given.namespace, {
      ...(given.set !== undefined && { set: given.set }),
    })
    const aud = given.host === undefined ? '*' : audienceOf(given.host)
    if (given.json) {
      printJson({
        namespaces: namespaces.map((one) => ({
          ...one,
          scope: fullScope(one, aud),
          include: includeScope(one, one.set, aud),
        })),
        diagnostics,
      })
    } else {
      for (const one of namespaces) print(one, aud)
    }
    for (const one of given.write ? namespaces : []) {
      if (one.file === 'same') continue
      const path = await writeSet(given.root, one)
      if (given.json) continue
      const note = one.file === 'missing' ? 'people read its title: choose the words' : ''
      console.log(changeLine(one.file === 'missing' ? 'added' : 'changed', path, note))
    }
    printDiagnostics(diagnostics)
    if (diagnostics.length > 0) process.exitCode = EXIT.found
  },
})

function print(one: Derived & PermissionSet, aud: string): void {
  const say = (text: string) => console.log(escapeControls(text, '\n'))
  const { namespace, permissions, outside, unread, set, file } = one
  say(`${namespace}: ${lexiconPath(set)} ${STATES[file]}`)
  say(`"permissions": ${lexiconText(permissions)}`)
  for (const { scope, because } of outside) say(`beside the set: ${scope}  (${because})`)
  for (const path of unread) {
    say(`not read: ${path} works out what it demands: see its \`oauth\`, and add that by hand`)
  }
  say(`scope: ${fullScope(one, aud)}`)
  say(`   or: ${includeScope(one, set, aud === '*' ? audienceOf('<hostname>') : aud)}`)
}

const STATES = { missing: 'is not there', differs: 'differs', same: 'is the same' } as const
