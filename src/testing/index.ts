/** What the tests of a project import (docs/framework.md): a host inside workerd, with accounts on it. */
export { type Consumer, collect, type ReceivedEvent } from './consumer.ts'
export { basic, callAs, makeAccount, outcome, PASSWORD, send, type TestAccount } from './host.ts'
