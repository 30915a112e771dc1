/** `cumulus move-out alice.example.com`: the way out of this host, and its end here. */
import { setTimeout as wait } from 'node:timers/promises'
import type { ArgsDef, ParsedArgs } from 'citty'
import { resolutionSettingsFrom } from '../lexicons/network.ts'
import { addressOf, compareWith, type Leaving, newHostOf } from '../migrate/leave.ts'
import { many } from '../migrate/move.ts'
import { PATIENCE, Remote } from '../migrate/remote.ts'
import { askAsOperator, authorizationOf, operatorArgs, originOf } from '../operator/operator.ts'
import { command } from '../terminal/command.ts'
import { CommandError, InterruptedError, UsageError } from '../terminal/errors.ts'

/** How often it is looked where the identity leads, ms: at first, and at last. */
const FIRST_LOOK = 1_000
const LAST_LOOK = 30_000

const args = {
  account: { type: 'positional', required: true, description: 'Handle, DID or e-mail address' },
  ...operatorArgs,
  code: {
    type: 'boolean',
    default: true,
    description: 'Print a code for the change of the identity (--no-code: the owner gets mail)',
  },
  wait: {
    type: 'string',
    default: '1440',
    description: 'Minutes to wait until the identity leads elsewhere; 0: only look',
  },
  'allow-missing': {
    type: 'boolean',
    default: false,
    description: 'Switch the account off here although not everything is at the new host',
  },
  json: { type: 'boolean', default: false, description: 'Print what has come of it as JSON' },
} as const satisfies ArgsDef

export default command({
  name: 'move-out',
  description:
    'Helps an account to move to another host, and switches it off here once it is there. Says what to do, gives the code ' +
    'for it, waits until the identity leads elsewhere, and compares every record and blob first. Nothing is deleted.',
  args,
  about: `EXAMPLES

  cumulus move-out alice.example.com
  cumulus move-out alice.example.com --no-code --wait 0     whether it has arrived`,
  run,
})

type Args = ParsedArgs<typeof args>

async function run(given: Args): Promise<void> {
  const minutes = Number(given.wait)
  if (!(minutes >= 0 && minutes <= 7 * 24 * 60)) throw new UsageError('--wait: 0 to 10080 minutes')
  const stop = new AbortController()
  const interrupt = () => stop.abort(new InterruptedError())
  process.once('SIGINT', interrupt)
  try {
    await moveOut(given, minutes * 60_000, stop.signal)
  } catch (error) {
    stop.signal.throwIfAborted()
    throw error
  } finally {
    process.removeListener('SIGINT', interrupt)
  }
}

async function moveOut(given: Args, longest: number, signal: AbortSignal): Promise<void> {
  const { did, handle } = await askAsOperator(given, '/operator/account', {
    account: given.account,
  })
  const say = (line: string) => process.stderr.write(`${line}\n`)
  const remote = { patience: PATIENCE, signal, onWait: say }
  const leaving: Leaving = {
    did: String(did),
    here: new Remote('this host', originOf(given), remote),
    authorization: authorizationOf(given),
    network: resolutionSettingsFrom(process.env),
    remote,
  }
  let there = await newHostOf(leaving)
  if (there === undefined) {
    say(await instructions(given, leaving, String(handle)))
    const end = Date.now() + longest
    for (let pause = FIRST_LOOK; there === undefined && Date.now() < end; pause *= 1.2) {
      const next = Math.min(pause, LAST_LOOK, end - Date.now())
      await wait(Math.max(0, next), undefined, { signal })
      there = await newHostOf(leaving)
    }
  }
  if (there === undefined) {
    throw new CommandError(
      `@${handle} still lives here. Run the same command with --no-code to go on waiting.`,
    )
  }
  say(`@${handle} lives at ${there} now; comparing ...`)
  const compared = await compareWith(leaving, there)
  const { missingRecords, missingBlobs, records, blobs } = compared
  const missing = missingRecords.length + missingBlobs.length
  if (missing > 0 && !given['allow-missing']) {
    const named = [...missingRecords, ...missingBlobs].slice(0, 20)
    throw new CommandError(
      `${many(missingRecords.length, 'record')} and ${many(missingBlobs.length, 'blob')} that are here are not at ${there}:\n` +
        `${named.map((name) => `  ${name}\n`).join('')}They may have been deleted there since. The account is left on here: ` +
        'copy them, or run the same command with --allow-missing.',
    )
  }
  const subject = { $type: 'com.atproto.admin.defs#repoRef', did }
  await askAsOperator(given, '/xrpc/com.atproto.admin.updateSubjectStatus', {
    subject,
    deactivated: { applied: true },
  })
  process.stdout.write(
    given.json
      ? `${JSON.stringify({ did, handle, to: there, ...compared })}\n`
      : `@${handle} (${did}) has moved to ${there}: ${many(records, 'record')} and ${many(blobs, 'blob')} ${missing === 0 ? 'are there' : 'were compared'}. ` +
          `The account is switched off here, and nothing was deleted; cumulus account delete does that.\n`,
  )
}

async function instructions(given: Args, leaving: Leaving, handle: string): Promise<string> {
  const { did } = leaving
  const isPlc = did.startsWith('did:plc:')
  const code = given.code && isPlc ? await codeFor(given, did) : undefined
  const flag = code === undefined ? '' : ` --plc-code ${code}`
  return [
    `@${handle} (${did}) lives here. To move it, its owner does this at the new host, with the main password:`,
    '',
    `  At another Cumulus    cumulus migrate ${handle} --from ${await addressOf(leaving)}${flag}`,
    `  With another tool     any that uses the standard methods${code === undefined ? '' : `; the code that it asks for is ${code}`}`,
    '',
    ...(isPlc
      ? [
          code === undefined
            ? 'The code for the change of the identity comes by mail.'
            : 'The code is good once, within 24 hours. Whoever has it and the password can take the identity away.',
        ]
      : ['The owner publishes the new document of the did:web; the tool shows it.']),
    ...(given.wait === '0'
      ? []
      : ['Waiting until the identity leads elsewhere. Ctrl-C ends only the waiting.']),
  ].join('\n')
}

async function codeFor(given: Args, did: string): Promise<string> {
  const purpose = 'plc_operation'
  const { token } = await askAsOperator(given, '/operator/token', { account: did, purpose })
  return String(token)
}
