/** Calls to the host of a test, typed by its lexicons. */
import {
  type Answer,
  type CallArguments,
  callHost,
  type MethodName,
  type RecordInput,
  type RecordRef,
  writeRecord,
} from '../framework/host-client.ts'
import type { Seeds } from '../framework/seeds.ts'
import { sow } from '../framework/sow.ts'
import type { Collection } from '../kernel/collections.ts'
import { ADMIN_PASSWORD, basic, PASSWORD, send, type TestAccount } from './host.ts'

/** Who calls: an account, the operator, or nobody in particular. */
export type Caller = TestAccount | 'admin' | undefined

/**
 * Calls a method of the tree. What is sent and what is answered have the types of its lexicon.
 *
 * @throws CallError when the host answers with an error: `{ status, error }`
 */
export function call<N extends MethodName>(
  caller: Caller,
  nsid: N,
  ...options: CallArguments<N>
): Promise<Answer<N>> {
  const authorization =
    caller === 'admin' ? basic('admin', ADMIN_PASSWORD) : caller && `Bearer ${caller.accessJwt}`
  return callHost(send, authorization, nsid, ...options)
}

/** Writes a record as its owner; `$type` is filled in. With `rkey`, in the place of what is there. @throws CallError */
export function createRecord<const C extends string>(
  account: TestAccount,
  collection: Collection<C>,
  record: RecordInput<C>,
  { rkey }: { rkey?: string } = {},
): Promise<RecordRef> {
  return writeRecord(send, account, collection, record, rkey)
}

/** Makes the accounts and records of `src/seeds.ts`. @returns how many */
export const plant = (seeds: Seeds): Promise<{ accounts: number; records: number }> =>
  sow(seeds, { send, adminPassword: ADMIN_PASSWORD, password: PASSWORD, didMethod: 'web' })
