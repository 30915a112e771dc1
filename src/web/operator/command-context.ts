/** What routes of commands have in common: who commands, about which account, and the audit log. */
import type { Context } from 'hono'
import { audited } from '../../server/audit.ts'
import { accountNamed, textOf } from '../account/form.ts'
import type { PageBindings } from '../account/page-env.ts'

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

/** @throws InvalidRequestError */
export const accountOf = (c: CommandContext, typed: unknown) =>
  accountNamed(textOf(typed), c.env.services)
