/** The recovery kit: what the owner of a host keeps elsewhere, since without it identities or keys are lost for good. */
import { createHash, randomInt } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { resolve, sep } from 'node:path'
import qr from 'qrcode'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { SigningKey } from '../../src/kernel/crypto/signing-key.ts'
import { createFileSafely } from '../host/safe-file.ts'
import { CommandError, UsageError } from '../terminal/errors.ts'
import type { Prompts } from '../terminal/prompts.ts'

/** A key that outranks the host's own in identities made here; its private half is in the kit only. */
export interface RecoveryKey {
  /** 64 hex digits; undefined: its owner has it already, from an earlier kit or of their own making. */
  privateKey: string | undefined
  didKey: string
}

type NewRecoveryKey = RecoveryKey & { privateKey: string }

export function makeRecoveryKey(): NewRecoveryKey {
  const key = SigningKey.generate()
  return { privateKey: Buffer.from(key.toBytes()).toString('hex'), didKey: key.did() }
}

/** @param source where it was read. @throws CommandError when it is no private key */
export function readRecoveryKey(privateKey: string, source: string): NewRecoveryKey {
  try {
    if (!/^[0-9a-f]{64}$/.test(privateKey)) throw new RangeError()
    return { privateKey, didKey: SigningKey.fromBytes(Buffer.from(privateKey, 'hex')).did() }
  } catch {
    throw new CommandError(
      `The recovery key in ${source} is damaged: remove it, and a new one is made.`,
    )
  }
}

/**
 * The key for a kit: one that is set stays. Of an earlier run that was ended before the kit was proven, the private half is
 * there still.
 */
export function recoveryKeyFor(
  set: string | undefined,
  pending: NewRecoveryKey | undefined,
): RecoveryKey {
  if (pending && (!set || set === pending.didKey)) return pending
  return set ? { privateKey: undefined, didKey: set } : makeRecoveryKey()
}

/** Says which keys a kit is about, and nothing of them: kept beside them, to know when they are others. */
export const kitFingerprint = (secrets: RawSettings): string =>
  createHash('sha256')
    .update(
      JSON.stringify([secrets.PDS_KEY_SECRET, secrets.PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX]),
    )
    .digest('hex')

export interface Kit {
  hostname: string
  secrets: RawSettings
  recoveryKey: RecoveryKey
}

/** The kit as text. */
function kitText({ hostname, secrets, recoveryKey }: Kit): string {
  return `RECOVERY KIT of ${hostname}, made ${new Date().toISOString().slice(0, 10)} by cumulus init

Keep this where only you can read it, and not on the machine of the host: a password manager, or paper.
Whoever has it can take over every identity of the host.

Recovery key (secp256k1, private, hex). Not on the host: with it you win an identity back, or move it away
when the host is lost (docs/migrate.md). Its public half is in every did:plc identity made there:
  ${recoveryKey.privateKey ?? 'the private half is yours already: keep that kit or key too'}
  ${recoveryKey.didKey}

Rotation key of the host (PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX):
  ${secrets.PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX}

Key secret (PDS_KEY_SECRET). Without it, no backup of the signing keys can be read:
  ${secrets.PDS_KEY_SECRET}

Operator's password (PDS_ADMIN_PASSWORD), user "admin":
  ${secrets.PDS_ADMIN_PASSWORD}
`
}

/** Ways to keep the kit. */
export const kitWays = ['file', 'clipboard', 'qr'] as const
export type KitWay = (typeof kitWays)[number]

export interface KitOptions {
  /** File that the kit is written to. */
  file: string | undefined
  way: KitWay | undefined
  /** Files and folders of the host itself, where no kit belongs. */
  notIn?: readonly string[]
}

const DEFAULT_FILE = 'recovery-kit.txt'

/**
 * Hands the kit out and does not return before the person has shown to have it, by typing a part that is asked for. Where
 * nobody can be asked it goes into a file, which is read back.
 *
 * @returns where it went
 * @throws UsageError, CommandError, InterruptedError
 */
export async function handOutKit(kit: Kit, options: KitOptions, prompts: Prompts): Promise<string> {
  const way = options.file
    ? 'file'
    : await prompts.select<KitWay>({
        message: 'Where do you keep the recovery kit?',
        about: ['Without it, keys that are lost here are lost for good.'],
        flag: '--recovery-kit',
        given: options.way,
        ...(!prompts.canAsk && { otherwise: 'file' }),
        options: [
          { value: 'file', label: 'in a file, which I move off this machine' },
          { value: 'clipboard', label: 'in the clipboard, for a password manager' },
          { value: 'qr', label: 'a QR code on this terminal, to photograph or print' },
        ],
      })
  if (way !== 'file' && !prompts.canAsk) {
    throw new UsageError(
      `--recovery-kit ${way} needs somebody at a terminal who shows to have it: name a file, or leave --yes out`,
    )
  }
  const where = await (way === 'file' ? toFile(kit, options, prompts) : show(kit, way))
  if (prompts.canAsk) await prove(kit, prompts)
  return where
}

/** What makes a kit one. */
const partsOf = ({ recoveryKey, secrets }: Kit): string[] =>
  [
    recoveryKey.privateKey ?? recoveryKey.didKey,
    secrets.PDS_KEY_SECRET,
    secrets.PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX,
  ].filter((part) => part !== undefined)

/** @throws CommandError for a file that is there and has something else in it, or that is the host's */
async function toFile(kit: Kit, options: KitOptions, prompts: Prompts): Promise<string> {
  const { file: name = DEFAULT_FILE, notIn = [] } = options
  const path = resolve(name)
  if (notIn.some((own) => path === resolve(own) || path.startsWith(resolve(own) + sep))) {
    throw new CommandError(
      `${path} is where the host keeps its own files: name another with --recovery-kit.`,
    )
  }
  const isWhole = () => {
    const text = readFileSync(path, 'utf8')
    return partsOf(kit).every((part) => text.includes(part))
  }
  const there = statSync(path, { throwIfNoEntry: false })
  if (there && !(there.isFile() && isWhole())) {
    throw new CommandError(`${path} is there already: name another file with --recovery-kit.`)
  }
  // A whole one is left: somebody may have written more into it.
  if (!there) createFileSafely(path, kitText(kit))
  if (!isWhole()) throw new CommandError(`${path} does not hold what was written to it.`)
  prompts.note(`The recovery kit is in ${path}: move it off this machine.`)
  return path
}

async function show(kit: Kit, way: 'clipboard' | 'qr'): Promise<string> {
  const text = kitText(kit)
  if (way === 'clipboard') {
    // OSC 52: terminals put it into the clipboard of the person's own machine, over ssh too.
    process.stderr.write(`\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`)
    process.stderr.write(
      'Sent to the clipboard; where it is not there, press Ctrl-C and choose a file.\n',
    )
    return 'clipboard'
  }
  const { hostname, recoveryKey, secrets } = kit
  const content = JSON.stringify({
    host: hostname,
    recovery: recoveryKey.privateKey,
    rotation: secrets.PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX,
    keySecret: secrets.PDS_KEY_SECRET,
  })
  const code = await qr.toString(content, {
    type: 'terminal',
    small: true,
    errorCorrectionLevel: 'L',
  })
  process.stderr.write(`\n${code}\n${text}\n`)
  return 'qr'
}

/** Four characters from somewhere within it: not to be answered from memory, nor from the question. */
async function prove({ recoveryKey, secrets }: Kit, prompts: Prompts): Promise<void> {
  const { PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: rotationKey = '' } = secrets
  const [name, key] = recoveryKey.privateKey
    ? ['recovery key', recoveryKey.privateKey]
    : ['rotation key', rotationKey]
  const start = randomInt(1, key.length / 4) * 4
  const [first, last] = [start + 1, start + 4]
  await prompts.text({
    message: `From your kit: characters ${first} to ${last} of the ${name} (the line that begins ${key.slice(0, 4)}…)`,
    flag: '--recovery-kit',
    given: undefined,
    validate: (answer) =>
      answer.toLowerCase() === key.slice(start, last).toLowerCase()
        ? undefined
        : 'not what is in the kit',
  })
}
