/** Runs the steps of a move, each once it is its turn, and goes on where an earlier run ended. */
import { createAccount, signIn } from './account.ts'
import { copyBlobs, OldHostBlobs } from './blobs.ts'
import { MoveError } from './errors.ts'
import { carryOver } from './late.ts'
import type { Move, Step } from './move.ts'
import { download, importRepository } from './repository.ts'
import { activate, compare, copyPreferences, deactivate } from './rest.ts'
import { switchIdentity } from './switch-identity.ts'

/** The steps of a move from a host that is there. */
export const ONLINE: readonly Step[] = [
  signIn,
  download,
  createAccount,
  importRepository,
  copyBlobs((move) => new OldHostBlobs(move)),
  copyPreferences,
  compare,
  switchIdentity,
  activate,
  deactivate,
  carryOver,
]

/** How often a move begins again because something was written at the old host meanwhile. */
const MAX_RETURNS = 5

/** @throws MoveError, RemoteError: what was done is kept, and the next run goes on from there */
export async function runSteps(move: Move, steps: readonly Step[]): Promise<void> {
  const { state, report, save, signal } = move
  let returns = 0
  for (let at = 0; at < steps.length; at++) {
    const step = steps[at]
    if (!step || state.steps[step.name]) continue
    signal.throwIfAborted()
    report.step(`${at + 1}/${steps.length}  ${step.title}`)
    const from = await step.run(move)
    if (typeof from === 'string') {
      if (++returns > MAX_RETURNS) {
        throw new MoveError(
          'Something writes at the old host all the time: stop apps and bots of the account, then run the same command again.',
        )
      }
      const back = steps.findIndex(({ name }) => name === from)
      // The account stays; what depends on the repository is done again.
      for (const { name } of steps.slice(back)) if (name !== 'account') delete state.steps[name]
      save()
      at = back - 1
      continue
    }
    state.steps[step.name] = new Date().toISOString()
    save()
  }
}
