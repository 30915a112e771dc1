/** `cumulus jobs`: what the app does at its times (docs/jobs.md). */
import type { JobState } from '../../../src/storage/index/job-state.ts'
import { operatorCommand } from '../../operator/command.ts'
import { askAsOperator } from '../../operator/operator.ts'
import { group } from '../../terminal/command.ts'

const list = operatorCommand({
  name: 'list',
  description: 'Lists the jobs of the app: when each ran and runs next, and why it failed.',
  args: {},
  run: async (host) => {
    const answer = await askAsOperator(host, '/operator/jobs', {})
    const lines = (answer.jobs as JobState[]).map(describe)
    return { answer, text: lines.join('') || 'This host has no jobs.\n' }
  },
})

const run = operatorCommand({
  name: 'run',
  description: 'Has a job run now, whatever its schedule.',
  args: { name: { type: 'positional', description: 'Name of the job', required: true } },
  run: async ({ name, ...host }) => {
    const answer = await askAsOperator(host, '/operator/jobs/run', { name })
    return { answer, text: `${name} runs now: \`cumulus jobs list\` says how it went\n` }
  },
})

function describe(job: JobState): string {
  const { name, schedule, nextAt, startedAt, lastRun, lastMs, failures, error } = job
  const parts = [
    startedAt === null ? `next ${time(nextAt)}` : `runs since ${time(startedAt)}`,
    lastRun === null ? 'never ran to its end' : `last ${time(lastRun)}, ${lastMs} ms`,
    ...(failures > 0 ? [`failed ${failures} times: ${error}`] : []),
  ]
  return `${name}  (${schedule})  ${parts.join('  ')}\n`
}

const time = (ms: number): string => new Date(ms).toISOString()

export default group('jobs', 'What the app does at its times', {
  list: async () => list,
  run: async () => run,
})
