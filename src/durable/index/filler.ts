import { unlessRefused } from '../../services/objects/result.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { ScannedPage } from '../../storage/account/records.ts'
import type { IndexDefinition } from '../../storage/index/definitions.ts'
import type { HostIndex } from '../../storage/index/host-index.ts'
import type { Scan } from '../../storage/index/scans.ts'
import type { ShardPlace } from '../../storage/index/shard-place.ts'
import type { Job } from '../scheduler.ts'

/** Accounts that are read at once. */
const AT_ONCE = 16

type Objects = Pick<HostObjects, 'account' | 'sequencer'>

/** Which accounts are in this object's part of the index. */
type Part = Pick<ShardPlace, 'has' | 'isActive' | 'order'>

/**
 * Reads repositories into the index: those of all accounts of its part for a new definition, and those of which it was asked.
 */
export function fillIndex(index: HostIndex, objects: Objects, part: Part): Job {
  const { scans, definitions } = index
  const unfilled = () => definitions.all().find(({ finishedAt }) => finishedAt === null)
  return {
    name: 'fill the index',
    maxBackoff: 60_000,
    due: () => (!part.isActive || (scans.isEmpty() && !unfilled()) ? undefined : Date.now()),
    async run() {
      await beginReading(index, objects)
      while (part.isActive) {
        await readAsked(index, objects, part)
        const definition = unfilled()
        if (definition) await fillSome(index, objects, part, definition)
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
async function readAsked(index: HostIndex, objects: Objects, part: Part): Promise<void> {
  const { scans } = index
  const next = () => (part.isActive ? scans.next(AT_ONCE) : [])
  for (let some = next(); some.length > 0; some = next()) {
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
  part: Part,
  { id, collection, place }: IndexDefinition,
): Promise<void> {
  const { accounts, definitions, scans } = index
  // One in so many of those that are listed is in this part.
  const limit = AT_ONCE * (part.order?.layout.shards ?? 1)
  const list = await objects.sequencer.listByCollection(collection, limit, place)
  if (list.toAsk.length > 0) {
    await Promise.all(list.toAsk.map((did) => fillInCollections(objects, did)))
    return
  }
  // Their numbers are taken before they are read: whoever is deleted meanwhile has none any more.
  const owners = list.dids
    .filter((did) => part.has(did))
    .map((did) => ({ did, account: accounts.ensure(did) }))
  const read = await Promise.all(
    owners.map(async ({ did, account }) => {
      const scan = scanOf(index, id, { did, account, after: '' })
      return { scan, page: scan && (await readPage(objects, scan)) }
    }),
  )
  const left: Scan[] = []
  let records = 0
  // One write to the disk for all of them.
  index.transaction(() => {
    for (const { scan, page } of read) {
      if (!scan || !page) continue
      records += page.records.length
      const after = page.records.at(-1)?.rkey
      if (scans.take(scan, page) && after !== undefined) left.push({ ...scan, after })
    }
  })
  for (const scan of left) records += await readRest(index, objects, id, scan)
  index.transaction(() => {
    definitions.noteProgress(id, list.next ?? place, owners.length, records)
    if (list.next === undefined) definitions.finish(id, Date.now())
  })
}

/** What to read of an account; undefined: the definition is gone. */
function scanOf(
  { definitions, hidden }: HostIndex,
  id: number,
  from: Pick<Scan, 'did' | 'account' | 'after'>,
): Scan | undefined {
  const definition = definitions.all().find((one) => one.id === id)
  return definition && { definition, ...from, round: 0, tellings: hidden.tellings }
}

/** One account from a key to its end; how many records there are. */
async function readRest(
  index: HostIndex,
  objects: Objects,
  id: number,
  from: Pick<Scan, 'did' | 'account' | 'after'>,
): Promise<number> {
  let count = 0
  let { after } = from
  for (;;) {
    const scan = scanOf(index, id, { ...from, after })
    const page = scan && (await readPage(objects, scan))
    if (!page) return count
    let goesOn = false
    index.transaction(() => {
      goesOn = index.scans.take(scan, page)
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
