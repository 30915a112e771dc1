/** `cumulus secret status`: whether secrets are being replaced, and how far that is. */
import { nextSecretOf } from '../../../src/kernel/config/secret-settings.ts'
import { operatorCommand } from '../../operator/command.ts'
import type { OperatorArgs } from '../../operator/operator.ts'
import { type Run, readHostState } from '../../secrets/host-state.ts'
import { localPlace } from '../../secrets/places.ts'
import { type LastingName, settingOf, TOKEN_LIFETIME } from '../../secrets/rotate.ts'
import { CommandError } from '../../terminal/errors.ts'

export default operatorCommand({
  name: 'status',
  description: 'Says which secrets of a running host are being replaced, and how far that is.',
  args: {},
  json: '{jwt, key, plc}',
  run: async (given) => {
    const state = await readHostState(given)
    const { jwt, key, plc } = state.answer
    const ofFile = kept(given)
    /** Whether there is a new one that the host does not know before it is restarted. */
    const isNew = (name: LastingName): boolean => {
      const value = ofFile(nextSecretOf[settingOf[name]])
      return value !== undefined && state.useOf(name, value) === 'unknown'
    }
    const shown = {
      jwt: { isReplaced: state.hasTwo('jwt'), isNew: isNew('jwt'), since: jwt.since ?? null },
      key: { isReplaced: state.hasTwo('key'), isNew: isNew('key'), run: key.run ?? null },
      plc: {
        isReplaced: state.hasTwo('plc'),
        isNew: isNew('plc'),
        run: plc.run ?? null,
        didKeys: plc.didKeys,
      },
    }
    const lines = [
      `jwt  ${jwtText(shown.jwt)}${newText(shown.jwt)}`,
      `key  ${runText(shown.key)}${newText(shown.key)}`,
      `plc  ${runText(shown.plc)}${newText(shown.plc)}`,
      `     ${plc.didKeys.join(', then ')}`,
    ]
    return { answer: shown, text: `${lines.join('\n')}\n` }
  },
})

const newText = ({ isNew }: { isNew: boolean }): string =>
  isNew ? '; a new one is there: restart the host' : ''

/** Values of settings in the data folder, where the host is the one on this machine. */
function kept({ host, dev }: OperatorArgs): (setting: string) => string | undefined {
  if (host !== undefined || dev) return () => undefined
  try {
    return localPlace(process.env).kept
  } catch (error) {
    // It runs with secrets of the environment.
    if (error instanceof CommandError) return () => undefined
    throw error
  }
}

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
