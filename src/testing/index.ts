/** What the tests of a project import (docs/testing.md): a host inside workerd, with accounts on it. */
export type { HostEvent } from '../framework/firehose-events.ts'
export {
  CallError,
  type RecordInput,
  type RecordRef,
} from '../framework/host-client.ts'
export { type Caller, call, createRecord, plant } from './call.ts'
export { clock } from './clock.ts'
export { type Consumer, collect, type ReceivedEvent } from './consumer.ts'
export { type EventMatch, type EventOptions, expectEvent } from './events.ts'
export {
  type AccountOptions,
  basic,
  callAs,
  emptyHost,
  makeAccount,
  outcome,
  PASSWORD,
  send,
  type TestAccount,
} from './host.ts'
export { type Answerer, network } from './network.ts'
