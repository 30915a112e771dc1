import { relative } from 'node:path'
import { type ArgsDef, defineCommand } from 'citty'
import { adviceOn } from '../client/libraries.ts'
import { parseNamespaces } from '../client/namespaces.ts'
import { writeClient } from '../client/write.ts'
import { EXIT, UsageError } from '../errors.ts'
import { changeLine, count, countChanges, printDiagnostics, printJson, seconds } from '../report.ts'
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
    const { root, out, check } = given
    const { namespaces, folder, changes, diagnostics, unfit } = await writeClient(root, {
      namespaces: parseNamespaces(given.namespace),
      ...{ out, extension, check },
    })
    if (diagnostics.length > 0) {
      printDiagnostics(diagnostics)
      process.exitCode = EXIT.found
      return
    }
    const shown = relative(process.cwd(), folder) || '.'
    if (given.json) {
      printJson({ namespaces, out, changes })
    } else {
      for (const { path, change } of changes) console.log(changeLine(change, `${shown}/${path}`))
      if (changes.length > 0) {
        const sum = `${count(changes.length, 'file')}: ${countChanges(changes)}`
        console.log(`${sum} (${namespaces.join(', ')}, ${seconds(start)})`)
      }
    }
    if (!check && unfit.length > 0) console.error(adviceOn(unfit))
    if (check && changes.length > 0) process.exitCode = EXIT.found
  },
})
