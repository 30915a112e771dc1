/** Whether the network agrees with this host on who its accounts are. */
import { handleOf, pdsOf, signingKeyOf } from '../../../src/services/identity/did-document.ts'
import { messageOf, orReason } from '../answers.ts'
import type { Check } from '../check.ts'
import { assertActive, type Fix, foundIf, Skipped } from '../finding.ts'
import type { Account, World } from '../world.ts'

/** Signs an operation with the host's key if it has to, and tells the network. */
const publishHandle = ({ did, handle }: Account): Fix => ({
  path: '/xrpc/com.atproto.admin.updateAccountHandle',
  body: { did, handle },
  does: `publishes the handle of ${handle} again`,
})

async function documentOf(world: World, account: Account) {
  assertActive(account)
  const document = await world.document(account.did)
  if (!document) throw new Skipped('there is no DID document')
  return document
}

/** Keys that may change an identity, the strongest first. @throws Skipped */
async function rotationKeys(world: World, account: Account): Promise<readonly string[]> {
  assertActive(account)
  const log = await world.plcLog(account.did)
  const keys = log.at(-1)?.operation.rotationKeys
  if (!keys) throw new Skipped('the last operation of its identity names no keys')
  return keys
}

export const identityChecks: readonly Check[] = [
  {
    of: 'account',
    id: 'did-document',
    title: 'The DID document leads to this host',
    severity: 'error',
    means:
      'Apps and relays look for the account elsewhere: it cannot sign in by its handle, and nobody sees its posts.',
    mend: 'If the account has moved away: `npx cumulus account deactivate <handle>`. If it is to be here, its identity has to name this host and its key: `npx cumulus identity sign <handle> <file> --submit`',
    async run(world, account) {
      // One that has moved away leads elsewhere.
      assertActive(account)
      const document = await world.document(account.did)
      if (!document) return [{ what: `There is no DID document for ${account.did}.` }]
      const host = pdsOf(document)
      return foundIf(host !== world.status.publicUrl, () => ({
        what: `The DID document says that the account is at ${host ?? 'no host'}.`,
      }))
    },
  },
  {
    of: 'account',
    id: 'did-signing-key',
    title: 'The DID document has the signing key of this host',
    severity: 'error',
    means:
      'Relays refuse everything that the account writes, and other services refuse its tokens.',
    mend: 'Exchange the key, here and in the directory at once: docs/accounts.md, "Keys"',
    async run(world, account) {
      const key = signingKeyOf(await documentOf(world, account))
      return foundIf(key !== account.signingKey, () => ({
        what: `The DID document has the key ${key ?? 'none'}, this host signs with ${account.signingKey}.`,
      }))
    },
  },
  {
    of: 'account',
    id: 'did-handle',
    title: 'The DID document names the handle',
    severity: 'error',
    means: 'The account is shown under another handle, or as handle.invalid.',
    mend: 'Publish the handle again: `npx cumulus doctor --fix`',
    canFix: true,
    async run(world, account) {
      const handle = handleOf(await documentOf(world, account))
      return foundIf(handle !== account.handle, () => ({
        what: `The DID document names ${handle ?? 'no handle'}, this host ${account.handle}.`,
        fixes: [publishHandle(account)],
      }))
    },
  },
  {
    of: 'account',
    id: 'handle-resolves',
    title: 'The handle leads to the account',
    severity: 'error',
    means: 'The account is shown as handle.invalid, and nobody can sign in by the handle.',
    mend: 'A handle of this host: see dns-handles and tls-handles. One of its own domain: set the TXT record _atproto.<handle> to did=<DID>',
    async run(world, account) {
      assertActive(account)
      const { did, handle } = account
      const found = await resolveHandle(world, handle)
      return foundIf(found.did !== did, () => ({
        what: `${handle} leads to ${found.did ?? 'nothing'}${found.why ? ` (${found.why})` : ''}, and should lead to ${did}.`,
      }))
    },
  },
  {
    of: 'account',
    id: 'plc-rotation-key',
    title: 'This host may change the identity',
    severity: 'warning',
    means:
      'Neither handle nor signing key can be changed here, and the account cannot move away by itself.',
    mend: 'Add the host’s key, signed by another rotation key of the identity: `npx cumulus identity sign <handle> <file> --key <file with that key> --submit`',
    async run(world, account) {
      const keys = await rotationKeys(world, account)
      const { rotationKey } = world.status
      return foundIf(!keys.includes(rotationKey), () => ({
        what: `${rotationKey}, the rotation key of this host, is not in the identity.`,
      }))
    },
  },
  {
    of: 'account',
    id: 'plc-recovery-key',
    title: 'A key of its owner stands above that of this host',
    severity: 'note',
    means:
      'Without this host, or against whoever gets its key, the owner cannot save the identity.',
    mend: 'The owner makes one at /settings (Identity), or has one added: `npx cumulus identity recovery-key add <handle> <did:key>`. For accounts to come: PDS_RECOVERY_DID_KEY',
    async run(world, account) {
      const keys = await rotationKeys(world, account)
      const { rotationKey } = world.status
      return foundIf(keys[0] === rotationKey, () => ({
        what: 'The first rotation key is that of this host.',
      }))
    },
  },
]

/** DNS goes first, then the web server of that name (atproto handle specification). */
async function resolveHandle(
  world: World,
  handle: string,
): Promise<{ did?: string; why?: string }> {
  let why: string | undefined
  try {
    const records = await world.dns(`_atproto.${handle}`, 'TXT')
    const dids = records.filter((text) => text.startsWith('did=')).map((text) => text.slice(4))
    if (dids.length > 1) return { why: 'the TXT records contradict each other' }
    if (dids[0]) return { did: dids[0] }
  } catch (error) {
    why = messageOf(error)
  }
  if (!world.isPublic && world.isOurName(handle)) {
    throw new Skipped('handles of a host on this machine are known to nobody')
  }
  const url = `https://${handle}/.well-known/atproto-did`
  const isOurs = world.isOurName(handle)
  const answer = await orReason(isOurs ? world.outside.get(url) : world.outside.ask(url))
  const isUp = !('unreachable' in answer) && answer.status < 500
  if (isOurs && !isUp) await world.assertHostAnswers()
  if ('unreachable' in answer) return { why: answer.unreachable }
  if (answer.status !== 200) return { why: why ?? `its web server answers ${answer.status}` }
  const did = answer.text.trim()
  return did.startsWith('did:') ? { did } : { why: 'its web server answers something else' }
}
