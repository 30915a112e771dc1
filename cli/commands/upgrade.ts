/** `cumulus upgrade`: brings a host on this machine, or a project on the package, to another version, and back where that fails. */
import { lstatSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ArgsDef } from 'citty'
import { baseFolder } from '../../codegen/base.ts'
import { PACKAGE_ROOT, ROOT } from '../host/bundle.ts'
import { readLocalSettings } from '../settings/local.ts'
import { command } from '../terminal/command.ts'
import { CommandError } from '../terminal/errors.ts'
import { Prompts, promptArgs } from '../terminal/prompts.ts'
import type { Changes } from '../upgrade/changes.ts'
import { Checkout } from '../upgrade/checkout.ts'
import { ProjectUpgrade } from '../upgrade/project/upgrade.ts'
import { systemdService } from '../upgrade/service.ts'
import { inList, type Plan, Upgrade } from '../upgrade/upgrade.ts'

const args = {
  version: {
    type: 'positional',
    required: false,
    description:
      'Tag, branch or commit; in a project on the package, its version (default: the newest release)',
  },
  check: {
    type: 'boolean',
    default: false,
    description: 'Say what would change, and change nothing',
  },
  service: {
    type: 'string',
    valueHint: 'unit',
    default: 'cumulus',
    description: 'Unit of systemd that runs the host; where there is none, stop it yourself',
  },
  copies: {
    type: 'string',
    valueHint: 'folder',
    description: 'Where the copy of the data goes (default: beside the data folder)',
  },
  'files-from': {
    type: 'string',
    valueHint: 'version',
    description:
      'Of a project on the package: only change its files from what they were for that version. Part of what this command does',
  },
  ...promptArgs,
  json: { type: 'boolean', default: false, description: 'Print {from, to, changes, …} instead' },
} as const satisfies ArgsDef

const ABOUT = `Makes the new version ready while the host runs. Then the host is stopped, its data are copied, the version is switched,
started where nobody else reaches it, and compared: the head of every account, repositories and blobs of twenty, the
firehose. If anything is missing, version and data are put back. Run it as whoever owns the checkout.

In a project on the package: installs the version, changes the files of the project that have to change, and generates; then
its types and tests are checked. If any of it fails, the project is put back.

EXAMPLES

  npx cumulus upgrade --check
  npx cumulus upgrade --yes
  npx cumulus upgrade v0.2.0`

interface UpgradeArgs {
  version?: string
  check: boolean
  service: string
  copies?: string
  'files-from'?: string
  yes: boolean
  json: boolean
}

export default command({
  name: 'upgrade',
  description: 'Brings a host on this machine to another version.',
  args,
  about: ABOUT,
  run: (given) => run(given),
})

async function run(given: UpgradeArgs): Promise<void> {
  const from = given['files-from']
  if (from !== undefined) {
    const { migrateProject } = await import('../upgrade/project/codemods.ts')
    const changed = migrateProject(ROOT, PACKAGE_ROOT, from)
    if (given.json) print(changed)
    else for (const file of changed.files) process.stdout.write(`~ ${file}\n`)
    return
  }
  await (baseFolder(ROOT) === undefined ? upgradeHost(given) : upgradeProject(given))
}

async function upgradeProject(given: UpgradeArgs): Promise<void> {
  const upgrade = new ProjectUpgrade({ root: ROOT, say })
  await upgrade.recover()
  const version = given.version ?? 'latest'
  const plan = await upgrade.plan(version)
  const { from, to, changelog } = plan
  const news = changelog.length > 0 ? changelog.join('\n') : 'Its changelog says nothing new.'
  process.stderr.write(`\ncumulus ${from} → ${to}\n\n${news}\n\n`)
  if (given.check || !(await agrees(given))) {
    if (given.json) print(plan)
    return
  }
  const { titles, files } = await upgrade.run(plan, version)
  if (given.json) print({ ...plan, titles, files })
  const changed = files.map((file) => `~ ${file}\n`).join('')
  process.stderr.write(
    `${changed}${from} → ${to}: types and tests pass.${files.length > 0 ? ` Look at what was changed: ${titles.join('; ')}.` : ''}\n`,
  )
}

async function upgradeHost(given: UpgradeArgs): Promise<void> {
  const checkout = new Checkout(ROOT)
  const { dataDirectory } = readLocalSettings(process.env)
  assertOwner(dataDirectory)
  const upgrade = new Upgrade({
    checkout,
    dataDirectory,
    service: systemdService(given.service),
    copies: given.copies ?? join(dirname(dataDirectory), 'cumulus-copies'),
    say,
  })
  await upgrade.recover()
  const name = given.version ?? (await checkout.newestRelease())
  if (name === undefined) {
    throw new CommandError(
      'No release is known here: name a branch or commit, such as origin/main.',
    )
  }
  if (given.version !== undefined) await checkout.fetch()
  const plan = await upgrade.plan(name)
  process.stderr.write(`\n${inWords(plan)}\n\n`)
  const { now, next, changes } = plan
  if (given.check || !(await agrees(given))) {
    await upgrade.discard()
    if (given.json) print({ from: now.version, to: next.version, changes })
    return
  }
  const done = await upgrade.run(plan)
  if (given.json) print({ ...done, changes })
  process.stderr.write(
    `${done.from} → ${done.to}: ${done.accounts} accounts are as they were. The data of before are in ${done.copy}; ` +
      'delete them when you are sure.\n',
  )
}

const agrees = (given: UpgradeArgs): Promise<boolean> =>
  new Prompts(given).confirm('Upgrade now?', '--yes')

const say = (text: string) => process.stderr.write(`${text} ...\n`)

const print = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`)

/** Files that another user makes there could not be read by the host. @throws CommandError */
function assertOwner(dataDirectory: string): void {
  const user = process.getuid?.()
  const { uid } = lstatSync(dataDirectory)
  if (user === undefined || user === 0 || user === uid) return
  throw new CommandError(
    `${dataDirectory} belongs to another user: run this as root, or as its owner.`,
  )
}

function inWords({ now, next, changes }: Plan): string {
  const { changelog, settings } = changes
  return [
    `${now.version} (${now.id.slice(0, 10)}) → ${next.version} (${next.name})`,
    changelog.length > 0 ? changelog.join('\n') : 'Its changelog says nothing new.',
    migrationsInWords(changes),
    ...(settings.added.length > 0 ? [inList('New settings:', settings.added)] : []),
    ...(settings.removed.length > 0
      ? [inList('Settings that there are no more, and that do nothing:', settings.removed)]
      : []),
    ...(settings.changed.length > 0
      ? [inList('Settings with another default:', settings.changed)]
      : []),
  ].join('\n\n')
}

function migrationsInWords({ migrations }: Changes): string {
  const steps = Object.entries(migrations).map(([object, count]) => `${object} (${count})`)
  return steps.length === 0
    ? 'Data stay as they are.'
    : `Data are migrated when they are first used: ${steps.join(', ')}. The version now cannot open them afterwards.`
}
