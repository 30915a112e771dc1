import type { RpcObject, RpcResult } from '../contracts/answer.ts'
import { toResult } from '../services/objects/result.ts'

type Methods = Record<string, (...args: unknown[]) => unknown>

/**
 * Takes the calls for the parts of an object. The parts are not RPC targets themselves: one flat method is as fast,
 * and is the one place where errors become values.
 */
export class RpcDispatcher<Contract extends object> implements RpcObject {
  readonly #parts: Contract
  readonly #called: ((method: string) => void) | undefined

  /** @param called is called after each call that did not throw, in the same turn, with `<part>.<method>` */
  constructor(parts: Contract, called?: (method: string) => void) {
    this.#parts = parts
    this.#called = called
  }

  call(part: string, method: string, args: readonly unknown[]): Promise<RpcResult> {
    return this.callIf(undefined, part, method, args)
  }

  /** @param check throws unless that holds which must hold in the turn in which the method begins */
  callIf(
    check: (() => void) | undefined,
    part: string,
    method: string,
    args: readonly unknown[],
  ): Promise<RpcResult> {
    return toResult(() => {
      check?.()
      const target = Object.hasOwn(this.#parts, part)
        ? (this.#parts as Record<string, Methods>)[part]
        : undefined
      // What every object inherits is not part of a contract.
      if (typeof target?.[method] !== 'function' || method in Object.prototype) {
        throw new TypeError(`there is no ${part}.${method}`)
      }
      const answer = target[method](...args)
      this.#called?.(`${part}.${method}`)
      return answer
    })
  }
}
