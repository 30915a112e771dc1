/** What `cumulus identity` asks of a running host. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import type { Services } from '../../context/services.ts'
import { handleOf, pdsOf, signingKeyOf } from '../../services/identity/did-document.ts'
import { type PlcState, parseOperation } from '../../services/identity/plc-operation.ts'
import type { HostedAccount } from '../../storage/directory/accounts.ts'
import { jsonBody, textOf } from '../account/form.ts'
import { historyOf } from '../account/plc-history.ts'
import { within } from '../within.ts'
import { accountOf, asOperator, type CommandEnv } from './command-context.ts'

export const identityCommands = new Hono<CommandEnv>()
  /** `{account}` in; what the host says of its identity, and what others are told of it, out. */
  .post('/operator/identity', async (c) => {
    const found = await accountOf(c, (await jsonBody(c)).account)
    return c.json(await describe(found, c.env.services))
  })
  /** `{account}` in; the history of its did:plc in words, the oldest first, out: `{did, handle, steps}`. */
  .post('/operator/identity/log', async (c) => {
    const { did, handle } = await accountOf(c, (await jsonBody(c)).account)
    assertPlc(did)
    return c.json({ did, handle, steps: historyOf(await c.env.services.plc.auditLog(did)) })
  })
  /** `{account, key}` in: puts a did:key above that of the host. */
  .post('/operator/identity/recovery-key', async (c) => {
    const { account, key } = await jsonBody(c)
    const { did, handle } = await accountOf(c, account)
    const { accounts } = c.env.services
    await asOperator(c, 'add recovery key', { did, rotationKey: textOf(key) }, () =>
      accounts.addRecoveryKey(did, textOf(key)),
    )
    accounts.invalidate(did)
    return c.json({ did, handle, key: textOf(key) })
  })
  /**
   * `{account, change, submit?}` in, with fields of a PLC operation as `change`: the operation that would make it, signed
   * with the host's key, out. Submitted only if the account can live here afterwards.
   */
  .post('/operator/identity/sign', async (c) => {
    const { account, change, submit } = await jsonBody(c)
    const { did, handle } = await accountOf(c, account)
    assertPlc(did)
    const { services } = c.env
    const given = partOf(change)
    const made = await services.plc.nextOperation(did, (state) => ({ ...state, ...given }))
    const operation = parseOperation(made)
    if (operation.type !== 'plc_operation') throw new InvalidRequestError('No tombstones')
    if (submit !== true) {
      await asOperator(c, 'sign identity operation', { did }, async () => undefined)
      return c.json({ did, handle, operation, submitted: false })
    }
    await asOperator(c, 'submit identity operation', { did }, async () => {
      await services.accounts.assertKeepsAccountHere(did, operation)
      await services.plc.submit(did, operation)
    })
    services.accounts.invalidate(did)
    await services.account(did).profile.announceIdentity()
    return c.json({ did, handle, operation, submitted: true })
  })

const FIELDS = ['rotationKeys', 'verificationMethods', 'alsoKnownAs', 'services'] as const

/** @throws InvalidRequestError; what the fields hold is looked at when the operation is made */
function partOf(change: unknown): Partial<PlcState> {
  if (!change || typeof change !== 'object' || Array.isArray(change)) {
    throw new InvalidRequestError('change must be an object with fields of a PLC operation')
  }
  const unknown = Object.keys(change).find((name) => !FIELDS.some((field) => field === name))
  if (unknown) throw new InvalidRequestError(`${unknown} cannot be changed: ${FIELDS.join(', ')}`)
  return change as Partial<PlcState>
}

/** @throws InvalidRequestError */
function assertPlc(did: string): void {
  if (!did.startsWith('did:plc:')) {
    throw new InvalidRequestError(
      `${did} is not in the PLC directory: whoever has the domain has the identity`,
    )
  }
}

async function describe({ did, handle }: HostedAccount, services: Services) {
  const { identity, plc, accounts, config } = services
  const [document, leadsTo, key, problem, data] = await Promise.all([
    within(identity.did(did, { fresh: true })),
    within(identity.handle(handle, { fresh: true, onNetwork: true })),
    within(services.account(did).keys.publicKey()),
    within(accounts.identityProblem(did)),
    did.startsWith('did:plc:') ? within(plc.documentData(did)) : undefined,
  ])
  return {
    did,
    handle,
    host: config.publicUrl,
    signingKey: 'value' in key ? key.value : null,
    document:
      'error' in document
        ? { error: document.error }
        : {
            host: pdsOf(document.value) ?? null,
            signingKey: signingKeyOf(document.value) ?? null,
            handle: handleOf(document.value) ?? null,
          },
    handleLeadsTo: 'value' in leadsTo ? (leadsTo.value ?? null) : null,
    ownKeys: plc.ownDidKeys(),
    recoveryKey: config.recoveryKey ?? null,
    plc: data && ('value' in data ? { rotationKeys: data.value.rotationKeys } : data),
    plcUrl: config.plcUrl,
    problem: 'value' in problem ? (problem.value ?? null) : problem.error,
  }
}
