/** `cumulus lexicons pull <nsid…>`: brings published lexicons into `lexicons/`. */

import { isValidNsid } from '@atproto/syntax'
import type { ArgsDef } from 'citty'
import { jsonOption, rootOption } from '../../../codegen/commands/options.ts'
import { UsageError } from '../../../codegen/errors.ts'
import { changeLine, count, countChanges, printJson, seconds } from '../../../codegen/report.ts'
import { fileState, LOCK, readLock } from '../../lexicons/lock.ts'
import { resolutionSettingsFrom, resolveFromHere } from '../../lexicons/network.ts'
import { type Pulled, pull } from '../../lexicons/pull.ts'
import { command } from '../../terminal/command.ts'

const args = {
  update: { type: 'boolean', description: 'Ask for newer versions of what is here already' },
  check: { type: 'boolean', description: `Compare lexicons/ with ${LOCK}, without the network` },
  force: { type: 'boolean', description: 'Replace files that were written or edited here' },
  ...jsonOption,
  ...rootOption,
} as const satisfies ArgsDef

const ABOUT = `  <nsid…>  Lexicons to bring, with all that they refer to; without: all in ${LOCK}

SETTINGS

  PDS_DOH_URL, PDS_DID_PLC_URL, PDS_DISABLE_SSRF_PROTECTION  as for a host

EXIT CODES

  0  all is here
  1  one could not be resolved (then nothing is written), a file stays as it is because it was
     written or edited here, or lexicons/ differs from the lock (--check)
  2  the command line makes no sense`

export default command({
  name: 'pull',
  description: 'Bring lexicons from the network into lexicons/',
  args,
  about: ABOUT,
  rest: true,
  async run(given) {
    const nsids = given._
    for (const nsid of nsids) if (!isValidNsid(nsid)) throw new UsageError(`"${nsid}" is no NSID`)
    const { root, json, update = false, force = false } = given
    if (given.check) {
      if (update || force) throw new UsageError('--check goes with neither --update nor --force')
      check(root, json)
      return
    }
    const start = performance.now()
    const settings = resolutionSettingsFrom(process.env)
    const resolve = (nsid: string) => resolveFromHere(nsid, settings)
    const changes = await pull(root, nsids, { update, force, resolve })
    if (changes.some(({ change }) => change === 'kept')) process.exitCode = 1
    if (json) printJson({ changes })
    else print(changes, start)
  },
})

function print(changes: readonly Pulled[], start: number): void {
  for (const { change, nsid, note } of changes) console.log(changeLine(change, nsid, note))
  if (changes.length === 0) return
  console.log(`${count(changes.length, 'lexicon')}: ${countChanges(changes)} (${seconds(start)})`)
  if (changes.some(({ change }) => change !== 'kept')) console.log('next: npm run codegen')
}

function check(root: string, json: boolean | undefined): void {
  const lock = readLock(root)
  const differ = [...lock.keys()].flatMap((nsid) => {
    const state = fileState(root, nsid, lock)
    return state === 'locked'
      ? []
      : [{ nsid, change: state === 'lost' ? 'removed' : 'changed' } as const]
  })
  if (differ.length > 0) process.exitCode = 1
  if (json) {
    printJson({ ok: differ.length === 0, changes: differ })
    return
  }
  for (const { nsid, change } of differ) console.log(changeLine(change, nsid))
  if (differ.length > 0) console.error(`${count(differ.length, 'lexicon')} differ from ${LOCK}`)
}
