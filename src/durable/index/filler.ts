import { unlessRefused } from '../../services/objects/result.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { ScannedPage } from '../../storage/account/records.ts'
import type { IndexDefinition } from '../../storage/index/definitions.ts'
import type { HostIndex } from '../../storage/index/host-index.ts'
import type { Scan } from '../../storage/index/scans.ts'
import type { Job } from '../scheduler.ts'

/** Accounts that are read at once. */
const AT_ONCE = 16

type Objects = Pick<HostObjects, 'account' | 'sequencer'>

/** Reads repositories into the index: those of all accounts for a new definition, and those of which it was asked. */
export function fillIndex(index: HostIndex, objects: Objects): Job {
  const { scans, definitions } = index
  const unfilled = () => definitions.all().find(({ finishedAt }) => finishedAt === null)
  return {
    name: 'fill the index',
    maxBackoff: 60_000,
    due: () => (scans.isEmpty() && !unfilled() ? undefined : Date.now()),
    async run() {
      await beginReading(index, objects)
      for (;;) {
        await readAsked(index, objects)
        const definition = unfilled()
        if (definition) await fillSome(index, objects, definition)
        else if (scans.isEmpty()) return
      }
    },
  }
}

/** What is written from here on comes by the log. */
async function beginReading(index: HostIndex, { sequencer }: Objects): Promise<void> {
  if (index.position() !== undefined) return
  const { head } = await sequencer.status()
  // The sequencer may have said so meanwhile.
  if (index.position() === undefined) index.begin(head, [], Date.now())
}

/** What changed without the log telling each record. */
async function readAsked(index: HostIndex, objects: Objects): Promise<void> {
  const { scans } = index
  for (let some = scans.next(AT_ONCE); some.length > 0; some = scans.next(AT_ONCE)) {
    await Promise.all(some.map((scan) => readOne(index, objects, scan)))
  }
}

async function readOne(index: HostIndex, objects: Objects, scan: Scan): Promise<void> {
  const { scans } = index
  const page = await readPage(objects, scan)
  index.transaction(() => {
    const goesOn = page ? scans.take(scan, page) : false
    scans.noteProgress(scan, goesOn ? page?.records.at(-1)?.rkey : undefined)
  })
}

/** Some accounts of the list, from where it was left. */
async function fillSome(
  index: HostIndex,
  objects: Objects,
  { id, collection, place }: IndexDefinition,
): Promise<void> {
  const { definitions } = index
  const list = await objects.sequencer.listByCollection(collection, AT_ONCE, place)
  if (list.toAsk.length > 0) {
    await Promise.all(list.toAsk.map((did) => fillInCollections(objects, did)))
    return
  }
  const pages = await Promise.all(list.dids.map((did) => readAll(index, objects, id, did)))
  const records = pages.reduce((sum, count) => sum + count, 0)
  index.transaction(() => {
    definitions.noteProgress(id, list.next ?? place, list.dids.length, records)
    if (list.next === undefined) definitions.finish(id, Date.now())
  })
}

/** One account from one end to the other; how many records it has. */
async function readAll(
  index: HostIndex,
  objects: Objects,
  id: number,
  did: string,
): Promise<number> {
  const { accounts, definitions, scans } = index
  const account = accounts.ensure(did)
  let count = 0
  let after = ''
  for (;;) {
    const definition = definitions.all().find((one) => one.id === id)
    if (!definition) return count
    const scan: Scan = { definition, account, did, after, round: 0 }
    const page = await readPage(objects, scan)
    if (!page) return count
    let goesOn = false
    index.transaction(() => {
      goesOn = scans.take(scan, page)
    })
    count += page.records.length
    if (!goesOn) return count
    after = page.records.at(-1)?.rkey ?? after
  }
}

/** Undefined: the account is gone. */
const readPage = (
  objects: Objects,
  { definition, did, after }: Scan,
): Promise<ScannedPage | undefined> =>
  unlessRefused(objects.account(did).repository.scanCollection(definition.collection, after))

async function fillInCollections({ account, sequencer }: Objects, did: string): Promise<void> {
  const names = await unlessRefused(account(did).repository.collections(true))
  await sequencer.fillInCollections(did, names ?? [])
}
