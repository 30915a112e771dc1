import type { Holder, RpcClient, RpcObject } from '../../contracts/answer.ts'
import { fromResult } from './result.ts'

/** A property that the engine or `await` asks for, which is no part and no method. */
const isForeign = (name: string | symbol): name is symbol =>
  typeof name !== 'string' || name === 'then'

/**
 * The object behind a stub as its contract describes it. An error that the object answers with is thrown as an
 * `XRPCError`.
 *
 * @param holder for whom the calls are made
 */
export const rpcClient = <Contract>(stub: RpcObject, holder?: Holder): RpcClient<Contract> =>
  new Proxy({} as RpcClient<Contract>, {
    get: (_, part) => (isForeign(part) ? undefined : partClient(stub, part, holder)),
  })

const partClient = (stub: RpcObject, part: string, holder: Holder | undefined): object =>
  new Proxy(
    {},
    {
      get: (_, method) =>
        isForeign(method)
          ? undefined
          : async (...args: unknown[]) =>
              fromResult(await stub.call(part, method, args, ...(holder ? [holder] : []))),
    },
  )
