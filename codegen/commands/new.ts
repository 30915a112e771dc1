import { type ArgsDef, defineCommand } from 'citty'
import { EXIT } from '../errors.ts'
import { failed } from '../generate.ts'
import { changeLine, printDiagnostics } from '../report.ts'
import { newHandler } from '../stub/new-handler.ts'
import { refuseUnknown, rootOption } from './options.ts'

const args = {
  nsid: {
    type: 'positional',
    description: 'The method or record, for example com.atproto.repo.getRecord',
    required: true,
  },
  ...rootOption,
} as const satisfies ArgsDef

export default defineCommand({
  meta: {
    name: 'new',
    description:
      'Start the handler of a method, with a test beside it, or the file of a collection',
  },
  args,
  async run({ args: given }) {
    refuseUnknown(given, args)
    const { created, generated } = await newHandler(given.root, given.nsid)
    for (const path of created) console.log(changeLine('added', path))
    for (const { path, change } of generated.changes) console.log(changeLine(change, path))
    printDiagnostics(generated.diagnostics)
    if (failed(generated)) process.exitCode = EXIT.found
  },
})
