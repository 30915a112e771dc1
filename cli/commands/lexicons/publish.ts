/** `cumulus lexicons publish`: publishes the lexicons of one's own namespace as records of an account. */
import type { ArgsDef } from 'citty'
import { jsonOption, rootOption } from '../../../codegen/commands/options.ts'
import { hasErrors } from '../../../codegen/diagnostics.ts'
import { UsageError } from '../../../codegen/errors.ts'
import { escapeControls } from '../../../codegen/escape-controls.ts'
import { loadCheckedLexicons } from '../../../codegen/generate.ts'
import type { LexiconFile } from '../../../codegen/load.ts'
import { count, printDiagnostics, printJson, seconds } from '../../../codegen/report.ts'
import {
  type Account,
  findAccount,
  PASSWORD,
  publishedBy,
  readPassword,
  signedIn,
} from '../../lexicons/account.ts'
import { adviceFor, checkDns, type DnsEntry } from '../../lexicons/dns.ts'
import { resolutionSettingsFrom } from '../../lexicons/network.ts'
import { batches, isIn, type PlannedRecord, planPublication } from '../../lexicons/publish.ts'
import { command } from '../../terminal/command.ts'
import { CommandError } from '../../terminal/errors.ts'

const args = {
  account: {
    type: 'string',
    required: true,
    valueHint: 'handle|did',
    description: 'Who publishes',
  },
  namespace: {
    type: 'string',
    required: true,
    valueHint: 'com.example',
    description: 'Lexicons with this name or below it',
  },
  server: {
    type: 'string',
    valueHint: 'origin',
    description: 'Host of the account, if it is not where its DID document says',
  },
  prune: { type: 'boolean', description: 'Remove what is published and no longer in lexicons/' },
  force: { type: 'boolean', description: 'Publish changes that break the published version' },
  'dry-run': { type: 'boolean', description: 'Say what would be done, and sign in nowhere' },
  ...jsonOption,
  ...rootOption,
} as const satisfies ArgsDef

const ABOUT = `SETTINGS

  ${PASSWORD}  Password of the account, or an app password; asked for where it is not set
  PDS_DOH_URL, PDS_DID_PLC_URL, PDS_DISABLE_SSRF_PROTECTION  as for a host

EXIT CODES

  0  all is published, and DNS leads to it
  1  nothing was published: a lexicon is wrong or breaks its published version, or the host refused
  2  the command line makes no sense
  3  all is published, but DNS does not lead to it`

const SIGNS = { added: '+', changed: '~', removed: '-', same: '=', stale: '?' } as const

export default command({
  name: 'publish',
  description: 'Publish lexicons as records of an account',
  args,
  about: ABOUT,
  async run({ dryRun = false, ...given }) {
    const start = performance.now()
    const { namespace, root, json, prune = false, force = false } = given
    const settings = resolutionSettingsFrom(process.env)
    const files = await ownLexicons(root, namespace)
    const account = await findAccount(given.account, given.server, settings)
    const plans = planPublication(files, await publishedBy(account), { namespace, prune })
    const broken = plans.flatMap(({ nsid, breaking }) => breaking.map((why) => `${nsid} ${why}`))
    const refused = broken.length > 0 && !force
    if (!refused && !dryRun) await carryOut(account, given.account, plans)
    const dns = await checkDns(
      account.did,
      files.map(({ nsid }) => nsid),
      settings,
    )
    if (json)
      printJson({
        ...account,
        dryRun,
        published: !refused && !dryRun,
        lexicons: plans.map(bare),
        dns,
      })
    else
      print(plans, dns, `${account.did}, ${dryRun ? 'nothing written' : seconds(start)}`, refused)
    for (const line of json ? [] : broken) {
      console.error(escapeControls(`breaking  ${line}`))
    }
    if (refused)
      throw new CommandError('nothing was published: a new name breaks nobody, --force does')
    if (dns.some(({ ok }) => !ok)) process.exitCode = 3
  },
})

/** The lexicons of a namespace, checked. @throws UsageError when there are none; CommandError */
async function ownLexicons(root: string, namespace: string): Promise<LexiconFile[]> {
  const { project, diagnostics } = await loadCheckedLexicons(root)
  const own = project.lexicons.filter(({ nsid }) => isIn(nsid, namespace))
  if (own.length === 0) throw new UsageError(`lexicons/ has nothing below ${namespace}`)
  const concerning = diagnostics.filter(({ file }) => own.some(({ path }) => path === file))
  printDiagnostics(concerning)
  if (hasErrors(concerning)) throw new CommandError('nothing was published')
  return own
}

async function carryOut(account: Account, name: string, plans: readonly PlannedRecord[]) {
  const requests = batches(account.did, plans)
  if (requests.length === 0) return
  await signedIn(account, await readPassword(name), async (post) => {
    for (const request of requests) await post('com.atproto.repo.applyWrites', request)
  })
}

function print(
  plans: readonly PlannedRecord[],
  dns: readonly DnsEntry[],
  where: string,
  refused: boolean,
): void {
  for (const { nsid, change } of plans) {
    const note = change === 'stale' ? '  (no longer in lexicons/; --prune removes it)' : ''
    console.log(escapeControls(`${SIGNS[change]} ${nsid}${note}`))
  }
  if (!refused) {
    const sums = (Object.keys(SIGNS) as PlannedRecord['change'][])
      .map((kind) => [kind, plans.filter(({ change }) => change === kind).length] as const)
      .flatMap(([kind, number]) => (number > 0 ? [`${number} ${kind}`] : []))
    console.log(`${count(plans.length, 'lexicon')}: ${sums.join(', ')} (${where})`)
  }
  for (const entry of dns) if (!entry.ok) console.log(escapeControls(adviceFor(entry)))
}

const bare = ({ nsid, change, breaking }: PlannedRecord) => ({ nsid, change, breaking })
