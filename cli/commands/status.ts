/** `cumulus status`: how a host is doing, once or all the time. */
import type { ArgsDef } from 'citty'
import type { HostReport, LiveReport } from '../../src/contracts/host-report.ts'
import { askAsOperator, type OperatorArgs, operatorArgs } from '../operator/operator.ts'
import { watch } from '../status/watch.ts'
import { statusInWords } from '../status/words.ts'
import { command } from '../terminal/command.ts'
import { UsageError } from '../terminal/errors.ts'

const args = {
  watch: {
    type: 'boolean',
    default: false,
    alias: 'w',
    description: 'Show it again and again, until q or Ctrl-C; without a terminal, a line each time',
  },
  interval: { type: 'string', default: '2', description: 'Seconds between two looks, at least 2' },
  times: { type: 'string', description: 'With --watch: end after so many looks' },
  json: { type: 'boolean', default: false, description: 'Print one JSON value' },
  ...operatorArgs,
} as const satisfies ArgsDef

type Args = OperatorArgs & {
  watch: boolean
  interval: string
  times?: string
  json: boolean
}

export default command({
  name: 'status',
  description:
    'Says how a host is doing: accounts, writes, the firehose and who listens, mail, storage, errors. ' +
    '`npx cumulus doctor` looks for what is wrong.',
  args,
  about:
    'EXAMPLES\n\n' +
    '  npx cumulus status\n' +
    '  npx cumulus status --watch\n' +
    '  npx cumulus status --watch --interval 60 >> status.log\n' +
    '  npx cumulus status --json --host https://pds.example.com',
  run: (given) => run(given),
})

async function run(given: Args): Promise<void> {
  const interval = Number(given.interval)
  if (!(interval >= 2 && interval <= 3600))
    throw new UsageError('--interval takes 2 to 3600 seconds')
  const times = given.times === undefined ? undefined : Number(given.times)
  if (times !== undefined && !(Number.isSafeInteger(times) && times > 0)) {
    throw new UsageError('--times takes a number')
  }
  if (given.watch && given.json) throw new UsageError('--json prints one state: leave --watch out')
  const ask = (body: object) => askAsOperator(given, '/operator/status', body)
  const status = (await ask({})) as unknown as HostReport
  if (given.json) {
    process.stdout.write(`${JSON.stringify(status)}\n`)
  } else if (given.watch) {
    const read = async () => (await ask({ live: true })) as unknown as LiveReport
    await watch({ host: status, read, interval: interval * 1000, times })
  } else {
    process.stdout.write(`${statusInWords(status)}\n`)
  }
}
