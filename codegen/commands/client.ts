import { isAbsolute, join, relative, resolve } from 'node:path'
import { type ArgsDef, defineCommand } from 'citty'
import { clientFiles, planClient } from '../client/build.ts'
import { lexiconsOf, ownNamespaces, parseNamespaces } from '../client/namespaces.ts'
import { EXIT, UsageError } from '../errors.ts'
import { loadChecked } from '../generate.ts'
import { changeLine, count, countChanges, printDiagnostics, printJson, seconds } from '../report.ts'
import { readText } from '../tree.ts'
import { compare, write } from '../write.ts'
import { jsonOption, refuseUnknown, rootOption } from './options.ts'

const args = {
  namespace: {
    type: 'string',
    valueHint: 'com.example',
    description: 'What the client is for, several with commas (default: all that is not official)',
  },
  out: {
    type: 'string',
    valueHint: 'folder',
    description: 'Where it is written, below the project or anywhere',
    default: 'client',
  },
  'import-ext': {
    type: 'string',
    valueHint: '.ts|.js|none',
    description: 'How its files import each other',
    default: '.ts',
  },
  check: { type: 'boolean', description: 'Write nothing; exit 1 and list the files that differ' },
  ...jsonOption,
  ...rootOption,
} as const satisfies ArgsDef

const EXTENSIONS: Readonly<Record<string, string | undefined>> = {
  '.ts': '.ts',
  '.js': '.js',
  none: '',
}

export default defineCommand({
  meta: {
    name: 'client',
    description: 'Write a typed client of your lexicons, for browsers and Node',
  },
  args,
  async run({ args: given }) {
    refuseUnknown(given, args)
    const start = performance.now()
    const extension = EXTENSIONS[given['import-ext']]
    if (extension === undefined) throw new UsageError('--import-ext is .ts, .js or none')
    const { lexicons, diagnostics } = await loadChecked(given.root)
    if (!lexicons) {
      printDiagnostics(diagnostics)
      process.exitCode = EXIT.found
      return
    }
    const asked = parseNamespaces(given.namespace)
    const namespaces = asked.length > 0 ? asked : ownNamespaces(given.root, lexicons)
    if (namespaces.length === 0) {
      throw new UsageError('all lexicons are official ones; say which: --namespace app.bsky')
    }
    const chosen = lexiconsOf(namespaces, lexicons)
    const folder = isAbsolute(given.out) ? given.out : resolve(given.root, given.out)
    const planned = await planClient(lexicons, chosen, { namespaces, extension })
    const existing = new Map(
      clientFiles(folder).map((path) => [path, readText(join(folder, path)) ?? '']),
    )
    const { changes, foreign } = compare(planned, existing)
    const inTheWay = foreign.filter(({ blocking }) => blocking)
    const shown = relative(process.cwd(), folder) || '.'
    if (inTheWay.length > 0) {
      throw new UsageError(
        `${shown}/${inTheWay[0]?.path} is no generated file: choose another folder with --out`,
      )
    }
    if (!given.check) write(folder, '.', planned, changes)
    if (given.json) {
      printJson({ namespaces, out: given.out, changes })
    } else {
      for (const { path, change } of changes) console.log(changeLine(change, `${shown}/${path}`))
      if (changes.length > 0) {
        const sum = `${count(changes.length, 'file')}: ${countChanges(changes)}`
        console.log(`${sum} (${namespaces.join(', ')}, ${seconds(start)})`)
      }
    }
    if (given.check && changes.length > 0) process.exitCode = EXIT.found
  },
})
