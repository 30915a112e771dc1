import { writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { type ArgsDef, defineCommand } from 'citty'
import { lexiconsOf, parseNamespaces } from '../client/namespaces.ts'
import { EXIT } from '../errors.ts'
import { loadChecked } from '../generate.ts'
import { openApiDocument } from '../openapi/document.ts'
import { changeLine, printDiagnostics } from '../report.ts'
import { readText } from '../tree.ts'
import { refuseUnknown, rootOption } from './options.ts'

const args = {
  namespace: {
    type: 'string',
    valueHint: 'com.example',
    description: 'What to describe, several with commas (default: the whole tree)',
  },
  out: {
    type: 'string',
    valueHint: 'file',
    description: 'Where it is written; - prints it',
    default: 'openapi.json',
  },
  server: {
    type: 'string',
    valueHint: 'URL',
    description: 'The address of the host',
    default: '/',
  },
  check: { type: 'boolean', description: 'Write nothing; exit 1 if the file differs' },
  ...rootOption,
} as const satisfies ArgsDef

export default defineCommand({
  meta: {
    name: 'openapi',
    description: 'Write an OpenAPI 3.1 document: methods, errors, who may call, rate limits',
  },
  args,
  async run({ args: given }) {
    refuseUnknown(given, args)
    const { root, out } = given
    const { project, lexicons, methods, diagnostics } = await loadChecked(root)
    if (!lexicons) {
      printDiagnostics(diagnostics)
      process.exitCode = EXIT.found
      return
    }
    const namespaces = parseNamespaces(given.namespace)
    const chosen = namespaces.length > 0 ? lexiconsOf(namespaces, lexicons) : lexicons
    const names = new Set(chosen.map(({ nsid }) => nsid))
    const { readAccess } = await import('../openapi/access.ts')
    const known = await readAccess(project, names)
    const { networkLimitOf } = await import('../../src/server/limits/network-limits.ts')
    const { name = 'xrpc', version = '0.0.0' } = JSON.parse(
      readText(join(root, 'package.json')) ?? '{}',
    ) as { name?: string; version?: string }
    const document = openApiDocument(chosen, lexicons, methods, known.access, {
      title: namespaces.length > 0 ? namespaces.join(', ') : name,
      version,
      server: given.server,
      networkLimit: networkLimitOf,
    })
    const text = `${JSON.stringify(document, null, 2)}\n`
    printDiagnostics(known.diagnostics)
    if (out === '-') {
      process.stdout.write(text)
      return
    }
    const path = resolve(root, out)
    const current = readText(path)
    if (current === text) return
    if (!given.check) writeFileSync(path, text)
    console.log(changeLine(current === undefined ? 'added' : 'changed', relative('.', path)))
    if (given.check) process.exitCode = EXIT.found
  },
})
