/** What a move would do: reads, fetches the public repository, and changes nothing. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MOST_OF_REPOSITORY, saveStream, verifyCar } from './car-file.ts'
import { RemoteError } from './errors.ts'
import { type Preflight, preflight, tooLarge } from './preflight.ts'
import { Remote } from './remote.ts'
import type { Start } from './start.ts'

export interface Plan {
  did: string
  handle: string
  records: number | null
  blobs: number | null
  bytes: number | null
  /** In sentences, in order. */
  steps: string[]
}

export async function dryRun(
  start: Start,
): Promise<{ findings: Preflight['findings']; plan: Plan }> {
  const { wanted, remote, network, report } = start
  const { state, findings, blobLimit } = await preflight(wanted, remote, network)
  const { did, handle, source, target, oldSigningKey } = state
  const folder = mkdtempSync(join(tmpdir(), 'cumulus-migrate-'))
  const old = new Remote('the old host', source, remote)
  let found: Awaited<ReturnType<typeof verifyCar>> | undefined
  try {
    const path = join(folder, 'repository.car')
    found = await old.again(async () => {
      const { bytes } = await old.open('com.atproto.sync.getRepo', { params: { did } })
      await saveStream(bytes, path, {
        most: MOST_OF_REPOSITORY,
        onBytes: (done) => report.progress({ done, unit: 'bytes' }),
      })
      return verifyCar(path, 'the old host', { did, keys: oldSigningKey ? [oldSigningKey] : [] })
    })
  } catch (error) {
    if (!(error instanceof RemoteError) || error.isPassing) throw error
    findings.push({
      level: 'note',
      text: `The repository is not public just now (${error.message}): it is fetched once you are signed in`,
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  for (const text of tooLarge(found?.blobs ?? new Map(), blobLimit).slice(0, 20)) {
    findings.push({ level: 'note', text })
  }
  const { records = null, blobs, bytes = null } = found ?? {}
  const size = found ? `${records} records, ${found.blobs.size} blobs, ${bytes} bytes` : 'as it is'
  return {
    findings,
    plan: {
      did,
      handle,
      records,
      blobs: blobs?.size ?? null,
      bytes,
      steps: [
        `Would sign in at ${source} and fetch the repository (${size})`,
        `Would make the account ${handle} at ${target}, switched off, with a service token of the old host`,
        'Would import the repository, copy the blobs and the preferences, and compare all of it',
        did.startsWith('did:plc:')
          ? 'Would have the old host mail a code, and sign the change of the identity with it'
          : 'Would show the document to publish for the did:web, and wait for it',
        `Would switch the account on at ${target}, and then off at ${source}`,
      ],
    },
  }
}
