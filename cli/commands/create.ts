/** `cumulus create`: a project of one's own. */
import { spawnSync } from 'node:child_process'
import { relative, resolve } from 'node:path'
import { assertFree, createProject } from '../create/create.ts'
import { packageFor } from '../create/local-package.ts'
import { command } from '../terminal/command.ts'
import { CommandError } from '../terminal/errors.ts'
import { Prompts, promptArgs } from '../terminal/prompts.ts'

export default command({
  name: 'create',
  description:
    'Makes a project of your own: lexicons, handlers and collections on this package. It has a guestbook as an example, with its test.',
  args: {
    folder: {
      type: 'positional',
      required: true,
      description: 'A new folder; its name is the name of the project',
    },
    install: {
      type: 'boolean',
      description: 'Run npm install in it (asked for where this is not given)',
    },
    package: {
      type: 'string',
      valueHint: 'version',
      description:
        'What to depend on as cumulus, such as a version or file:../cumulus.tgz (default: this version; in a checkout, the package that is built of it)',
    },
    ...promptArgs,
  },
  about: `EXAMPLES

  npx cumulus create ../my-app
  npx cumulus create ../my-app --yes`,
  async run({ folder, install, package: given, yes }) {
    const path = resolve(folder)
    assertFree(path)
    const version = given ?? packageFor(path)
    const files = await createProject({ folder: path, version })
    for (const file of files) {
      if (!file.startsWith('src/generated/')) process.stdout.write(`+ ${file}\n`)
    }
    const prompts = new Prompts({ yes })
    const isAsked = install === undefined && prompts.canAsk
    const question = 'Install what it needs now, with npm install?'
    const installs = isAsked ? await prompts.confirm(question, '--install') : (install ?? yes)
    if (installs) installIn(path)
    const here = relative(process.cwd(), path) || '.'
    const steps = [
      ...(here === '.' ? [] : [`cd ${here}`]),
      ...(installs ? [] : ['npm install']),
      'npm test          # the example, inside workerd',
      'npm start         # a host at http://localhost:2583, with an account',
    ]
    process.stdout.write(
      `\nNext:\n\n${steps.map((step) => `  ${step}\n`).join('')}\nREADME.md there goes on.\n`,
    )
  },
})

function installIn(folder: string): void {
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) {
    throw new CommandError('npm install failed; all files are there: run it again in the folder.')
  }
}
