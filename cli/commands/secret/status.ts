/** `cumulus secret status`: whether secrets are being replaced, and how far that is. */
import type { ArgsDef } from 'citty'
import { operatorArgs } from '../../operator/operator.ts'
import { type Run, readHostState } from '../../secrets/host-state.ts'
import { TOKEN_LIFETIME } from '../../secrets/rotate.ts'
import { command } from '../../terminal/command.ts'

const args = {
  ...operatorArgs,
  json: { type: 'boolean', default: false, description: 'Print {jwt, key, plc} instead' },
} as const satisfies ArgsDef

export default command({
  name: 'status',
  description: 'Says which secrets of a running host are being replaced, and how far that is.',
  args,
  run: async ({ json, ...given }) => {
    const state = await readHostState(given)
    const { jwt, key, plc } = state.answer
    const shown = {
      jwt: { isReplaced: state.hasTwo('jwt'), since: jwt.since ?? null },
      key: { isReplaced: state.hasTwo('key'), run: key.run ?? null },
      plc: { isReplaced: state.hasTwo('plc'), run: plc.run ?? null, didKeys: plc.didKeys },
    }
    if (json) {
      process.stdout.write(`${JSON.stringify(shown)}\n`)
      return
    }
    const lines = [
      `jwt  ${jwtText(shown.jwt)}`,
      `key  ${runText(shown.key)}`,
      `plc  ${runText(shown.plc)}`,
      `     ${plc.didKeys.join(', then ')}`,
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
  },
})

const day = (time: number): string => new Date(time).toISOString().slice(0, 10)

function jwtText({ isReplaced, since }: { isReplaced: boolean; since: number | null }): string {
  if (!isReplaced) return since === null ? 'never replaced' : `replaced on ${day(since)}`
  return since === null
    ? 'another one is accepted, and not used yet'
    : `replaced on ${day(since)}; the one before is accepted too, and needed until ${day(since + TOKEN_LIFETIME)}`
}

function runText({ isReplaced, run }: { isReplaced: boolean; run: Run | null }): string {
  if (!run) return isReplaced ? 'another one is accepted, and not used yet' : 'never replaced'
  if (run.finishedAt !== null) {
    const rest = isReplaced ? '; the one before is not needed any more' : ''
    return `replaced on ${day(run.since)}, for all ${run.total} accounts${rest}`
  }
  const held = [
    ...(run.failures > 0 ? [`${run.failures} failed`] : []),
    ...(run.waiting > 0 ? [`${run.waiting} wait for approval`] : []),
  ]
  return [
    `being replaced since ${day(run.since)}: pass ${run.pass}, ${run.done} of ${run.total} accounts`,
    ...held,
    'both are needed',
  ].join('; ')
}
