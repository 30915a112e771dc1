/** Whether the objects that share the log and the directory have room, and keep up. */
import type { HostReport } from '../../../src/contracts/host-report.ts'
import {
  fullObjects,
  type Looked,
  stalledDivisions,
  wantedDivisions,
} from '../../../src/web/divisions.ts'
import { counted } from '../../../src/web/numbers.ts'
import type { Check } from '../check.ts'
import { foundIf } from '../finding.ts'

/** Events that wait now and then on a busy host: what one object may hand over in some seconds. */
const MANY = 10_000

export const logChecks: readonly Check[] = [
  {
    of: 'host',
    id: 'log-waits',
    title: 'Every object of the log hands over its events',
    severity: 'error',
    means: 'Relays do not get what some accounts write, until the sequencer takes it.',
    mend: 'See why: npx cumulus logs --level error. Where writes come faster than they are taken, raise PDS_LOG_SHARDS (docs/scaling.md)',
    async run({ status: { firehose } }) {
      return (firehose.log?.shards ?? []).flatMap(({ waiting, answers }, at, all) => {
        const object = `Object ${at + 1} of ${all.length}`
        return [
          ...foundIf(!answers, () => ({ what: `${object} does not answer.` })),
          ...foundIf(waiting > MANY, () => ({
            what: `${object} has ${counted(waiting, 'event')} without numbers.`,
          })),
        ]
      })
    },
  },
  {
    of: 'host',
    id: 'division-size',
    title: 'Every object of the log and of the directory has room',
    severity: 'warning',
    means:
      'At 10 GB Cloudflare lets an object store nothing more: writes, or sign-ups, fail on the whole host.',
    mend: 'Set PDS_LOG_SHARDS, or PDS_DIRECTORY_SHARDS, to twice as many and deploy: it is divided while the host runs (docs/scaling.md). A directory that is itself too large cannot be divided: open a second host',
    async run({ status }) {
      const { firehose, directory, activity } = status
      const full = fullObjects(firehose.log, directory, activity.bytes, lookedOf(status))
      return full.map((what) => ({ what }))
    },
  },
  {
    of: 'host',
    id: 'division-stalls',
    title: 'The objects of the log and of the directory keep up',
    severity: 'warning',
    means:
      'While accounts are handed over, writes go on, but the objects of before stay. An object of the directory that does not keep up asks the directory for each name, or answers nobody.',
    mend: 'See why: npx cumulus logs --level error. It is tried again by itself',
    async run({ status }) {
      const { firehose, directory } = status
      return stalledDivisions(firehose.log, directory, lookedOf(status)).map((what) => ({ what }))
    },
  },
  {
    of: 'host',
    id: 'division-wanted',
    title: 'One object is enough for the log, and for the directory',
    severity: 'note',
    means:
      'Half of what one object bears on Cloudflare is in use: at peaks it may refuse requests ("overloaded").',
    mend: 'Set it and deploy: it is divided while the host runs (docs/scaling.md, “Beyond it”)',
    async run({ status }) {
      return wantedDivisions(status, lookedOf(status)).map((what) => ({ what }))
    },
  },
]

/** A host that knows what is left on its disk is on one machine. */
const lookedOf = ({ now, freeBytes }: HostReport): Looked => ({
  now,
  isLimited: freeBytes === undefined,
})
