import { InvalidRequestError } from '@atproto/xrpc-server'
import type { Context } from 'hono'
import { audited } from '../../server/audit.ts'
import type { PageBindings } from '../account/page-env.ts'

/** What routes for commands are given. */
export interface CommandEnv {
  Bindings: PageBindings
  /** Who commands, as the audit log names it. */
  Variables: { actor: string }
}

export type CommandContext = Context<CommandEnv>

/** Does something that stands in the audit log. */
export async function asOperator<T>(
  c: CommandContext,
  action: string,
  input: object,
  work: () => Promise<T>,
): Promise<T> {
  const { services, context } = c.env
  const { actor } = c.var
  return audited({ actor, action: `command.${action}`, input }, context, services, work)
}

/** A parameter of the URL. @throws InvalidRequestError */
export function parameter(c: CommandContext, name: string): string {
  const value = c.req.query(name)
  if (value) return value
  throw new InvalidRequestError(`The parameter ${name} is missing`)
}
