/** Whether the objects that share the log hand their events over. */
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
]
