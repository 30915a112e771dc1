/** Puts a new secret in the place of another, step by step: each follows from what is there, so that a second run goes on. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type LastingSecret, nextSecretOf } from '../../src/kernel/config/secret-settings.ts'
import type { OperatorArgs } from '../operator/operator.ts'
import { CommandError } from '../terminal/errors.ts'
import { progress } from '../terminal/progress.ts'
import {
  type HostState,
  pauseAfter,
  type Run,
  readHostState,
  tryHostState,
  untilHost,
} from './host-state.ts'
import type { SecretPlace } from './places.ts'

/** Secrets that take the place of others while both are accepted. */
export type LastingName = 'jwt' | 'key' | 'plc'

export const settingOf = {
  jwt: 'PDS_JWT_SECRET',
  key: 'PDS_KEY_SECRET',
  plc: 'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX',
} as const satisfies Record<LastingName, LastingSecret>

/** How long a token that was made with the secret before may live, in ms: 90 days. */
export const TOKEN_LIFETIME = 90 * 24 * 60 * 60 * 1000

/** How long a host has to get what it was given, in ms. */
const DEPLOYMENT = 120_000
/** How far it is. */
export interface Outcome {
  secret: string
  /** `restart`: the host does not work with the new one yet. `waiting`: the old one is still needed. */
  state: 'restart' | 'waiting' | 'done'
  /** ISO 8601: from when on the old one may go. */
  until?: string
  run?: Run
  message: string
}

export interface RotateOptions {
  place: SecretPlace
  operator: OperatorArgs
  /** Waits also for what somebody else is to do: the restart of the host. */
  wait: boolean
  /** Ends it for tokens that are still in use: whoever has one signs in anew. */
  finish: boolean
  /** What a deployed host has to get what it was given into all places, in ms. */
  settle: number
  /** Is told of each step that was done. */
  say(line: string): void
}

/** A new value for a secret. */
export const makeSecret = (name: LastingName | 'dpop' | 'admin'): string =>
  randomBytes(32).toString(name === 'plc' || name === 'dpop' ? 'hex' : 'base64url')

/** @throws CommandError */
export async function rotateLasting(name: LastingName, options: RotateOptions): Promise<Outcome> {
  const { place, operator, say, settle } = options
  const setting = settingOf[name]
  const next = nextSecretOf[setting]
  const known = place.kept(next)
  const value = known ?? makeSecret(name)
  // Nobody begins another change because they ran the command once more than was needed.
  if (known === undefined && (await tryHostState(operator))?.hasTwo(name)) {
    const message = place.isDeployed
      ? `The host works with two of ${setting}, and ${next} is not in ${place.where}: look for it where this was begun.`
      : `The host still works with the ${setting} of before as well, which is not needed any more: restart it.`
    return { secret: name, state: 'restart', message }
  }
  if (known === undefined) {
    place.keep(next, value)
    say(`A new ${setting} is in ${place.where}; nothing was lost of the one before.`)
  } else say(`A new ${setting} is in ${place.where} already: going on with it.`)
  if (place.isDeployed) await deploy(name, value, options)
  const state = await usedBy(name, value, options)
  if (!state) {
    const message =
      'Restart the host: it works with both then. After that, run this command again, ' +
      (name === 'jwt' ? 'in order to end it.' : 'which shows how far it is with the accounts.')
    return { secret: name, state: 'restart', message }
  }
  const outcome =
    name === 'jwt' ? untilExpired(state, options) : await untilChanged(name, options, state)
  if (outcome.state !== 'done') return outcome
  if (place.isDeployed && state.hasTwo(name)) {
    await place.give(setting, value)
    await untilHost(operator, (now) => !now.hasTwo(name) && now.useOf(name, value) === 'used', {
      timeout: DEPLOYMENT,
      settle,
      otherwise: `The host does not work with the new ${setting} alone yet. Run this command again.`,
    })
  }
  await place.settle(setting, next, value)
  return outcome
}

/** Has a deployed host accept the new secret everywhere, before it uses it anywhere. */
async function deploy(name: LastingName, value: string, options: RotateOptions): Promise<void> {
  const { place, operator, say, settle } = options
  const next = nextSecretOf[settingOf[name]]
  const otherwise = `The host does not know ${next} yet. Run this command again.`
  const limits = { timeout: DEPLOYMENT, settle, otherwise }
  let state = await readHostState(operator)
  if (state.useOf(name, value) === 'unknown') {
    await place.give(next, `accept:${value}`)
    state = await untilHost(operator, (now) => now.useOf(name, value) !== 'unknown', limits)
    say('The host accepts the new one.')
  }
  if (state.useOf(name, value) === 'accepted') {
    await place.give(next, value)
    await untilHost(operator, (now) => now.useOf(name, value) === 'used', limits)
    say('The host uses the new one, and accepts the one before.')
  }
}

/** The state of a host that uses the new secret; undefined: it has to be restarted. */
async function usedBy(
  name: LastingName,
  value: string,
  { operator, wait, say }: RotateOptions,
): Promise<HostState | undefined> {
  let isTold = false
  for (let asked = 0; ; asked++) {
    const state = await tryHostState(operator)
    if (state?.useOf(name, value) === 'used') return state
    if (!wait) return undefined
    if (!isTold) say('Waiting for the host to be restarted ...')
    isTold = true
    await sleep(pauseAfter(asked))
  }
}

function untilExpired(state: HostState, { finish }: RotateOptions): Outcome {
  const { since = Date.now() } = state.answer.jwt
  const until = new Date(since + TOKEN_LIFETIME)
  const base = { secret: 'jwt', until: until.toISOString() }
  if (finish || until.getTime() <= Date.now()) {
    const message = 'The old secret may go: from the next start on only the new one is accepted.'
    return { ...base, state: 'done', message }
  }
  const message =
    `Tokens are made with the new secret, and nobody was signed out. The last one that was made with the old one ends on ` +
    `${until.toISOString().slice(0, 10)}: run this command again then. With --finish the old secret goes now, and whoever ` +
    'has not used their app since signs in anew.'
  return { ...base, state: 'waiting', message }
}

/** Shows how far the host is with the accounts, until it is over. @throws CommandError where accounts hold it up */
async function untilChanged(
  name: 'key' | 'plc',
  { operator, finish }: RotateOptions,
  first: HostState,
): Promise<Outcome> {
  let state = first
  // How many there are is known once it has begun.
  for (let asked = 0; asked < 20 && runOf(state, name)?.pass === 0; asked++) {
    await sleep(pauseAfter(asked))
    state = (await tryHostState(operator)) ?? state
  }
  const total = (runOf(state, name)?.total ?? 0) * 2
  const bar = progress(name === 'key' ? 'Encrypting anew' : 'Changing identities', {
    ...(total > 0 && { total }),
    unit: 'accounts, each looked at twice',
  })
  let shown = 0
  for (let asked = 0; ; asked++) {
    const run = runOf(state, name)
    // Nothing says that the one before may go but a run that has replaced it.
    if (!run || (state.hasTwo(name) && !run.ofOther)) {
      bar.failed('it was not begun')
      throw new CommandError(
        `The host uses the new ${settingOf[name]}, and has not begun to replace the one before: restart it.`,
      )
    }
    if (run.finishedAt !== null) {
      bar.done(`${run.changed} accounts changed`)
      const message = `Everything is changed, of ${run.total} accounts: the old secret may go.`
      return { secret: name, state: 'done', message, run }
    }
    const at = run.done + (run.pass > 1 ? run.total : 0)
    bar.advance(Math.max(0, at - shown))
    shown = Math.max(shown, at)
    if (run.done >= run.total && (run.failures > 0 || run.waiting > 0)) {
      return heldUp(name, run, finish, bar)
    }
    await sleep(pauseAfter(asked))
    state = (await tryHostState(operator)) ?? state
  }
}

function heldUp(
  name: 'key' | 'plc',
  run: Run,
  finish: boolean,
  bar: { failed(text: string): void },
): Outcome {
  const parts = [
    ...(run.failures > 0 ? [`${run.failures} accounts could not be changed`] : []),
    ...(run.waiting > 0
      ? [
          `${run.waiting} wait for approval, whose identity is made with the old key (\`npx cumulus account queue\`)`,
        ]
      : []),
  ]
  bar.failed(parts.join('; '))
  const failed = run.failed.map(({ did, why }) => `  ${did}: ${why}`)
  const advice = finish
    ? `--finish does not end a change that accounts still need: mend or delete them.`
    : 'The host tries again by itself, each minute: run this command again. Nothing is lost, as both secrets are there.'
  if (run.failures > 0)
    throw new CommandError([`${parts.join('; ')}.`, ...failed, advice].join('\n'))
  return { secret: name, state: 'waiting', run, message: `${parts.join('; ')}. ${advice}` }
}

const runOf = (state: HostState, name: 'key' | 'plc'): Run | undefined => state.answer[name].run
